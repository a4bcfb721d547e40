import type { DatabaseSync } from 'node:sqlite';

/**
 * How a file tells whether it goes on from where it was left. Commits that need not outlive the loss of power may be gone
 * when it is opened again, and a copy that was put back ends where it was made: what was numbered behind that would be
 * numbered anew. So a file says when it was closed, in seconds and in SQLite's own `user_version`, and 0 while it is open.
 * Whoever is not sure whether a copy is told apart, such as of a volume that was rolled back, sets it to 0.
 */
const openMark = 0;

/** Seconds between the mark and the last writing of the file, which closing it ends with. */
const closedWithin = 10;

/** Whether the file was closed, and not written by anybody since, be it by putting a copy in its place. */
export const goesOn = (database: DatabaseSync, changedAtMs: number): boolean => {
  const mark = Number(database.prepare('pragma user_version').get()?.['user_version']) >>> 0;
  return mark !== openMark && Math.abs(changedAtMs / 1000 - mark) <= closedWithin;
};

export const markOpen = (database: DatabaseSync): void => mark(database, openMark);

/** With the moment at which the file is closed. On a full disk it is left as it is, as one that was not closed. */
export const markClosed = (database: DatabaseSync): void => {
  try {
    mark(database, Math.floor(Date.now() / 1000));
  } catch {
    // What is not marked is not trusted, so that nothing is lost by it.
  }
};

/** Durably: of a log, what is synced has everything before it synced. */
const mark = (database: DatabaseSync, seconds: number): void => {
  database.exec('pragma synchronous = full');
  // The number is a signed one of 32 bits.
  database.exec(`pragma user_version = ${seconds | 0}`);
};
