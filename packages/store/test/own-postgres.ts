import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { onTestFinished } from 'vitest';

/** Debian keeps the programs of each version apart; elsewhere they are in the path. */
const program = (name: string): string => {
  try {
    const [latest] = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a));
    return latest === undefined ? name : `/usr/lib/postgresql/${latest}/bin/${name}`;
  } catch {
    return name;
  }
};

/** @throws {Error} where PostgreSQL's programs are not installed. */
export const askForPrograms = async (): Promise<void> => {
  for (const name of ['initdb', 'postgres']) execFileSync(program(name), ['--version'], { stdio: 'ignore' });
};

/** PostgreSQL refuses to run as root. */
const account = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  );
  return { uid: uid!, gid: gid! };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** A server of one test's own, which may be stopped. */
export class OwnPostgres {
  readonly url: string;
  readonly #start: () => ChildProcess;
  #server: ChildProcess | undefined;

  private constructor(url: string, start: () => ChildProcess) {
    this.url = url;
    this.#start = start;
  }

  /** @param settings of postgresql.conf. */
  static async make(settings: Readonly<Record<string, string>>): Promise<OwnPostgres> {
    const as = account();
    const data = mkdtempSync(join(tmpdir(), 'cd-push-postgres-'));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    if (as.uid !== undefined && as.gid !== undefined) chownSync(data, as.uid, as.gid);
    chmodSync(data, 0o700);
    const login = ['--username=postgres', '--auth=trust', '--no-sync'];
    execFileSync(program('initdb'), ['-D', data, ...login], { ...as, cwd: data, stdio: 'ignore' });
    const port = await freePort();
    const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = new OwnPostgres(`postgres://postgres@127.0.0.1:${port}/postgres`, () =>
      spawn(program('postgres'), ['-D', data, '-p', String(port), ...flags], {
        ...as,
        cwd: data,
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    onTestFinished(() => server.stop());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const server = this.#start();
    this.#server = server;
    for await (const line of createInterface({ input: server.stderr! })) {
      if (line.includes('ready to accept connections')) break;
    }
    server.stderr!.resume();
  }

  /** At once: what is not on the disk is lost, and the next start recovers from what is. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGQUIT');
    await exited;
  }
}
