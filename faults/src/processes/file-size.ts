import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { systemProgram } from './binaries.ts';
import { CannotRun } from './cannot-run.ts';
import type { KeptProcess } from './kept-process.ts';

/**
 * Bounds the size of every file that a process and its own write from now on, or lifts the bound. What would make a file
 * larger fails as it does on a full disk, but for the error's name (EFBIG).
 *
 * @throws CannotRun where the system does not allow that.
 */
export const limitFileSize = async (process: KeptProcess, bytes: number | 'unlimited'): Promise<void> => {
  const prlimit = systemProgram('prlimit');
  await Promise.all(
    process.pids.map(async (pid) => {
      try {
        // As whoever owns the process, which not even the superuser may do everywhere. The hard limit stays, or nobody
        // could lift it again.
        await promisify(execFile)(prlimit, ['--pid', String(pid), `--fsize=${bytes}:`], process.owner);
      } catch (error) {
        if (existsSync(`/proc/${pid}`))
          throw new CannotRun('Files cannot be bounded here.', { cause: error });
      }
    }),
  );
};
