import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { onTestFinished } from 'vitest';

/** Debian keeps the programs of each version apart; elsewhere they are in the path. */
const folder = (): string => {
  try {
    const [latest] = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a));
    return latest === undefined ? '' : `/usr/lib/postgresql/${latest}/bin/`;
  } catch {
    return '';
  }
};
const program = (name: string): string => `${folder()}${name}`;

/** @throws {Error} where PostgreSQL's programs are not installed. */
export const askForPrograms = async (): Promise<void> => {
  for (const name of ['initdb', 'postgres', 'psql'])
    execFileSync(program(name), ['--version'], { stdio: 'ignore' });
};

/** PostgreSQL refuses to run as root. */
const account = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const [uid = '', gid = ''] = ['-u', '-g'].map((flag) =>
    execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }),
  );
  return { uid: Number(uid), gid: Number(gid) };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** An empty server that asks for passwords, for one test; answers what its programs have to know to reach it. */
export const startOwnPostgres = async (password: string): Promise<Readonly<Record<string, string>>> => {
  const as = account();
  const data = mkdtempSync(join(tmpdir(), 'cd-push-postgres-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const passwordFile = join(data, 'password');
  writeFileSync(passwordFile, password);
  if (as.uid !== undefined && as.gid !== undefined) {
    chownSync(data, as.uid, as.gid);
    chownSync(passwordFile, as.uid, as.gid);
  }
  const cluster = join(data, 'cluster');
  execFileSync(
    program('initdb'),
    ['-D', cluster, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'],
    { ...as, cwd: data, stdio: 'ignore' },
  );
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const server = spawn(
    program('postgres'),
    ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...as, cwd: data, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(server, 'exit');
  onTestFinished(async () => {
    server.kill('SIGQUIT');
    await exited;
  });
  for await (const line of createInterface({ input: server.stderr })) {
    if (line.includes('ready to accept connections')) break;
  }
  server.stderr.resume();
  return {
    PATH: `${folder()}:${process.env['PATH'] ?? ''}`,
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGPASSWORD: password,
    POSTGRES_USER: 'postgres',
    POSTGRES_DB: 'postgres',
  };
};
