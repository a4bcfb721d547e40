// Opens the file named as argument, makes users as fast as it can, and names each on standard output once it is kept.
import { epochMs } from '@cd-push/protocol';

import { openSqliteStore } from '../src/index.ts';

const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore(file);
process.stdout.write('open\n');
for (let index = 0; ; index++) {
  const name = `user-${process.pid}-${index}`;
  await store.users.create({ name, passwordHash: 'x', roles: [], grants: [], at: epochMs(Date.now()) });
  process.stdout.write(`${name}\n`);
}
