import type { EpochMs } from '@cd-push/protocol';
import { openPostgresStore, openSqliteStore, type Store } from '@cd-push/store';

/** A PostgreSQL database that several processes of the api may share. */
export interface DatabasePlace {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Made where it is missing. Default `cd_push`. */
  readonly schema?: string | undefined;
}

/** Where the api keeps what it keeps: a file of one process, or a database. */
export type StorePlace = { readonly dataFile: string } | { readonly database: DatabasePlace };

/** @throws {StoreError} where it cannot be opened; the message says what to do. */
export const openStore = (place: StorePlace, now: () => EpochMs): Promise<Store> =>
  'database' in place
    ? openPostgresStore({ ...place.database, now })
    : openSqliteStore(place.dataFile, { now });
