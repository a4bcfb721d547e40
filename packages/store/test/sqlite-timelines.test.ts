import { join } from 'node:path';

import { append, closure, linkTo, makeGenesis, storedBlob } from '@cd-push/timeline';
import { expect, onTestFinished, test } from 'vitest';

import { openSqliteJournal } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

test('timelines are there when the file is opened again, large blobs and small ones', async () => {
  const file = join(folder, 'reopened.db');
  const before = await openSqliteJournal(file, { node: 'relay-1' });
  const blobs = await Promise.all([storedBlob('small'), storedBlob('large '.repeat(1_000_000))]);
  const genesis = await makeGenesis({ name: 'alpha' });
  const tip = await append(genesis, { data: { sources: blobs.map(({ address }) => linkTo(address)) } });
  await before.space('acme').commit({
    objects: [genesis, tip, ...blobs],
    swaps: [{ timeline: genesis.address, from: undefined, to: tip.address }],
  });
  await before.close();

  const journal = await openSqliteJournal(file, { node: 'relay-2' });
  onTestFinished(() => journal.close());
  const space = journal.space('acme');
  expect(await space.tips(undefined, 9)).toEqual([{ timeline: genesis.address, tip: tip.address }]);
  // Reading an object compares its bytes with its address.
  const found: string[] = [];
  for await (const { address } of closure(space, [tip.address])) found.push(address);
  expect(found).toHaveLength(4);
});
