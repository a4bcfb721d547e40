import { databaseUrl, hasPostgres } from '@cd-push/testing';
import { describe } from 'vitest';

import { openPostgresJournal } from '../src/index.ts';
import { journalContract } from './contract/journal-contract.ts';
import { sharedSchema } from './shared-schema.ts';

const isThere = await hasPostgres();

describe.runIf(isThere)('in PostgreSQL', () => {
  const { schema, empty } = sharedSchema();
  journalContract(async (options) => {
    await empty();
    return openPostgresJournal({ url: databaseUrl, schema, node: 'relay-1', ...options });
  });
});
