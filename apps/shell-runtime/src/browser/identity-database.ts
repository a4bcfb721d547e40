import type { RuntimeIdentity } from '@cd-push/client';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

interface Schema extends DBSchema {
  identities: {
    key: string;
    value: { readonly identity: RuntimeIdentity; readonly pair: CryptoKeyPair };
  };
}

/** Where the credential of a module's pages is kept: one origin may serve several. */
export const identityPlace = (apiUrl: string, module: string): string => `${module} ${apiUrl}`;

/** Credentials of this browser profile, by their place. */
export const openIdentities = (): Promise<IDBPDatabase<Schema>> =>
  openDB<Schema>('cd-push:identity', 1, { upgrade: (fresh) => void fresh.createObjectStore('identities') });

/** Forgets the credential, so that the next start enrols anew. */
export const forgetIdentity = async (apiUrl: string, module: string): Promise<void> => {
  const database = await openIdentities();
  try {
    const writing = database.transaction('identities', 'readwrite');
    await Promise.all([writing.store.delete(identityPlace(apiUrl, module)), writing.done]);
  } finally {
    database.close();
  }
};
