import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe } from 'vitest';

import { openSqliteJournal } from '../src/index.ts';
import { journalContract } from './contract/journal-contract.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

describe('in a file', () => {
  journalContract((options) =>
    openSqliteJournal(join(folder, `${randomUUID()}.db`), { node: 'relay-1', ...options }),
  );
});

describe('in memory', () => {
  journalContract((options) => openSqliteJournal(':memory:', { node: 'relay-1', ...options }));
});
