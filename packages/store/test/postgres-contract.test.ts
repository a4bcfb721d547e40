import { databaseUrl, hasPostgres } from '@cd-push/testing';
import { describe } from 'vitest';

import { openPostgresStore } from '../src/index.ts';
import { storeContract } from './contract/store-contract.ts';
import { sharedSchema } from './shared-schema.ts';

const isThere = await hasPostgres();

describe.runIf(isThere)('in PostgreSQL', () => {
  const { schema, empty } = sharedSchema();
  storeContract(async () => {
    await empty();
    return openPostgresStore({ url: databaseUrl, schema });
  });
});
