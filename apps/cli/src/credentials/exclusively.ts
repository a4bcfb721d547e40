import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { CliError } from '../cli-error.ts';
import { makePrivateFolder } from './config-folder.ts';

/** A renewal takes one round trip to the api; nobody waits for a lock longer than this. */
const giveUpAfterMs = 20_000;
const lookAgainMs = 25;

/** A lock that is held; no other process has it at the same time. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a file, or gives undefined where another holds it, in this process or in any. The lock is SQLite's,
 * so the kernel lets it go when its holder dies.
 */
export const tryToLock = async (lockFile: string): Promise<Lock | undefined> => {
  // Loaded here alone: not every command locks something.
  const { DatabaseSync } = await import('node:sqlite');
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    if (taken(() => lock.exec('BEGIN EXCLUSIVE'))) return { release: () => lock.close() };
  } catch (error) {
    lock.close();
    throw error;
  }
  lock.close();
  return undefined;
};

/** Runs a step while no other process that names the same lock file does. */
export const exclusively = async <Value>(lockFile: string, step: () => Promise<Value>): Promise<Value> => {
  makePrivateFolder(dirname(lockFile));
  const startedAt = Date.now();
  let lock = await tryToLock(lockFile);
  for (; lock === undefined; lock = await tryToLock(lockFile)) {
    if (Date.now() - startedAt > giveUpAfterMs) {
      throw new CliError(`Another process has held ${lockFile} for ${giveUpAfterMs / 1000} s.`, {
        next: 'End the other cd-cli and try again.',
      });
    }
    await delay(lookAgainMs);
  }
  try {
    return await step();
  } finally {
    lock.release();
  }
};

/** SQLITE_BUSY stands for: someone else has it. */
const taken = (take: () => void): boolean => {
  try {
    take();
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === 5) return false;
    throw error;
  }
};
