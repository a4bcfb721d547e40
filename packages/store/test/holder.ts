// Opens the file named as argument, makes users as fast as it can, and names each on standard output once it is kept.
// Ends with its standard input, so that it never outlives the test that started it.
import { setImmediate } from 'node:timers/promises';

import { epochMs } from '@cd-push/protocol';

import { openSqliteStore } from '../src/index.ts';

process.stdin.resume().on('end', () => process.exit());
process.stdout.on('error', () => process.exit());

const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore(file);
process.stdout.write('open\n');
for (let index = 0; ; index++) {
  const name = `user-${process.pid}-${index}`;
  await store.users.create({ name, passwordHash: 'x', roles: [], grants: [], at: epochMs(Date.now()) });
  process.stdout.write(`${name}\n`);
  // The store answers without ever leaving this turn of the event loop, in which no end would be noticed.
  await setImmediate();
}
