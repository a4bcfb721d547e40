import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** How every row begins, in the order in which its members are written before they are hashed. */
const rowBegins = /^\{"v":1,"node":"[^"]*","sequence":\d+,"previous":/u;

/** Bytes of a file that are looked at: more than a row has before its `previous`. */
const lookedAt = 512;

/** Whether a file is what `audit export` writes, by its first row: its name is anybody's choice. */
export const isAuditExport = (path: string): boolean => {
  try {
    // Anything but a file, a pipe say, may keep whoever opens it waiting.
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true && rowBegins.test(beginningOf(path));
  } catch {
    // It went away meanwhile, or is not to be read: whoever wants to push it is told.
    return false;
  }
};

const beginningOf = (path: string): string => {
  const bytes = Buffer.alloc(lookedAt);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
};
