import { epochMs } from '@cd-push/protocol';
import { openSqliteStore } from '@cd-push/store';

import { hashPassword } from './identity/password.ts';

/**
 * Makes an admin in the data file of an api that is not running; the way in to a new deployment.
 *
 * @throws {TypeError} for a name that is taken or a password that is too short.
 * @throws {StoreError} where the file cannot be opened.
 */
export const addAdmin = async (dataFile: string, name: string, password: string): Promise<void> => {
  if (name === '' || name.length > 128) throw new TypeError('A user name has 1 to 128 characters.');
  if (password.length < 12) throw new TypeError('A password has at least 12 characters.');
  const store = await openSqliteStore(dataFile);
  try {
    const passwordHash = await hashPassword(password);
    const user = await store.users.create({
      name,
      passwordHash,
      roles: ['admin'],
      grants: [],
      at: epochMs(Date.now()),
    });
    if (user === undefined) throw new TypeError(`There is a user named "${name}" already.`);
  } finally {
    await store.close();
  }
};
