import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { CliError } from '../cli-error.ts';
import { makePrivateFolder } from './config-folder.ts';

/** A renewal takes one round trip to the api; nobody waits for a lock longer than this. */
const giveUpAfterMs = 20_000;
const lookAgainMs = 25;

/**
 * Runs a step while no other process that names the same lock file does. The lock is SQLite's, so the kernel lets it go
 * when its holder dies.
 */
export const exclusively = async <Value>(lockFile: string, step: () => Promise<Value>): Promise<Value> => {
  // Loaded here alone: few commands renew a session.
  const { DatabaseSync } = await import('node:sqlite');
  makePrivateFolder(dirname(lockFile));
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    for (const startedAt = Date.now(); !taken(() => lock.exec('BEGIN EXCLUSIVE'));) {
      if (Date.now() - startedAt > giveUpAfterMs) {
        throw new CliError(`Another process has held ${lockFile} for ${giveUpAfterMs / 1000} s.`, {
          next: 'End the other cd-cli and try again.',
        });
      }
      await delay(lookAgainMs);
    }
    return await step();
  } finally {
    lock.close();
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
