import { now } from '@cd-push/protocol';

import { userMadeEntry } from './audit/entries.ts';
import { hashPassword } from './identity/password.ts';
import { openStore, type StorePlace } from './open-store.ts';

/**
 * Makes an admin, the way in to a new deployment. In a data file only while no api runs on it, in a database any time.
 *
 * @throws {TypeError} for a name that is taken or a password that is too short.
 * @throws {StoreError} where the file or the database cannot be opened.
 */
export const addAdmin = async (place: StorePlace, name: string, password: string): Promise<void> => {
  if (name === '' || name.length > 128) throw new TypeError('A user name has 1 to 128 characters.');
  if (password.length < 12) throw new TypeError('A password has at least 12 characters.');
  const store = await openStore(place, now);
  try {
    const passwordHash = await hashPassword(password);
    const at = now();
    const user = await store.users.create({ name, passwordHash, roles: ['admin'], grants: [], at }, (made) =>
      userMadeEntry(null, made, at),
    );
    if (user === undefined) throw new TypeError(`There is a user named "${name}" already.`);
  } finally {
    await store.close();
  }
};
