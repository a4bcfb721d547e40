import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { problemOf, ProblemError } from '@cd-push/protocol';

import { keepFromGit } from './keep-from-git.ts';
import { takeFromOthers } from './owner-only.ts';

/** A folder that one process at a time may use; it is free again when that process ends, however it ends. */
export interface StateFolder {
  /** Absolute, without symbolic links. */
  readonly dir: string;
  release(): Promise<void>;
}

/**
 * Makes the folder its owner's alone and git's not, and takes it for this process. Two processes with one identity would replace each
 * other at the relay for ever, and write over each other's record.
 *
 * @throws ProblemError `conflict` where another process has it.
 */
export const takeStateFolder = async (path: string): Promise<StateFolder> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const dir = await realpath(path);
  const server = await lock(lockPath(dir), dir);
  await takeFromOthers(dir);
  await keepFromGit(dir);
  return {
    dir,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, its end included. */
const longestSocketPath = 103;

/** A listening socket is a lock that the system itself takes back, which a file with a process id in it is not. */
const lockPath = (dir: string): string => {
  const name = `cd-push-${createHash('sha256').update(dir).digest('hex').slice(0, 24)}.lock`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const inside = join(dir, 'lock');
  return Buffer.byteLength(inside) <= longestSocketPath ? inside : join(tmpdir(), name);
};

const lock = async (path: string, dir: string): Promise<Server> => {
  const held = await listen(path);
  if (held !== undefined) return held;
  if (await answers(path)) throw new ProblemError(inUse(dir));
  // Nobody listens: whoever did was ended before it could tidy up.
  await rm(path, { force: true });
  const second = await listen(path);
  if (second === undefined) throw new ProblemError(inUse(dir));
  return second;
};

const listen = (path: string): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const inUse = (dir: string) =>
  problemOf('conflict', {
    detail: `Another process uses the state folder ${dir}. Give each runtime a folder of its own.`,
  });
