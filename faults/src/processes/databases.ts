import { execFile } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { systemProgram, unprivileged } from './binaries.ts';
import { freePort } from './free-port.ts';
import { KeptProcess, type Keeping } from './kept-process.ts';

export interface Database {
  readonly port: number;
  readonly process: KeptProcess;
}

/** As small as it may be, and as durable as it is by itself. */
const postgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '32MB',
};

/** A PostgreSQL of its own in a folder below `root`; it is not started yet. */
export const makePostgres = async (root: string, keeping: Keeping): Promise<Database> => {
  const as = unprivileged();
  const folder = join(root, 'postgres');
  mkdirSync(folder, { mode: 0o700 });
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  const locale = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--username=postgres', '--no-sync'];
  await promisify(execFile)(systemProgram('initdb'), [...locale, '-D', folder], { ...as, cwd: folder });
  const port = await freePort();
  const settings = Object.entries(postgresSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const process = new KeptProcess(
    {
      name: 'postgres',
      command: systemProgram('postgres'),
      args: ['-D', folder, '-p', String(port), ...settings],
      env: {},
      as,
      ready: /database system is ready to accept connections/u,
    },
    keeping,
  );
  return { port, process };
};

/** A Redis of its own that keeps nothing on disk; it is not started yet. */
export const makeRedis = async (keeping: Keeping): Promise<Database> => {
  const port = await freePort();
  const process = new KeptProcess(
    {
      name: 'redis',
      command: systemProgram('redis-server'),
      args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      env: {},
      as: unprivileged(),
      ready: /Ready to accept connections/u,
    },
    keeping,
  );
  return { port, process };
};

/** Forgets everything that a Redis holds. */
export const flushRedis = async ({ port }: Database): Promise<void> => {
  await promisify(execFile)(systemProgram('redis-cli'), ['-h', '127.0.0.1', '-p', String(port), 'FLUSHALL']);
};
