import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Link } from '../network/link.ts';
import { clockVariable } from '../preload/clock-variable.ts';
import { KeptProcess, type Keeping } from '../processes/kept-process.ts';
import { admin, password, serviceSecret } from './settings.ts';

/** Imported into every process of the project that a run starts. */
const clockPreload = new URL('../preload/clock.ts', import.meta.url).href;

/** What is wrong with a process's code, for runs that must find it: a module that is imported before all others. */
export type Plant = string | undefined;

const programOf = (name: string): string =>
  fileURLToPath(new URL('dist/main.js', import.meta.resolve(`@cd-push/${name}/package.json`)));

/** Flags of Node's own for a process with a clock and perhaps a fault that was planted. */
export const nodeFlags = (plant: Plant): string[] =>
  [clockPreload, plant].flatMap((url) => (url === undefined ? [] : ['--import', url]));

/** The file that moves a process's clock. */
export const clockFile = (folder: string, name: string): string => join(folder, `${name}.clock`);

export const setClock = (folder: string, name: string, offsetMs: number): void =>
  writeFileSync(clockFile(folder, name), String(offsetMs));

/** Where a server keeps what it must not lose: in a schema of its own, or in a file. */
const storeEnv = (folder: string, name: string, schema: string, postgres: Link | undefined) =>
  postgres === undefined
    ? { CD_PUSH_DATA: join(folder, `${name}.db`) }
    : {
        DATABASE_URL: `postgres://postgres@127.0.0.1:${postgres.port}/postgres`,
        CD_PUSH_DATABASE_SCHEMA: schema,
      };

export interface ApiOptions {
  readonly folder: string;
  /** Under which names others reach it. */
  readonly hosts: readonly string[];
  /** Undefined with an SQLite file. */
  readonly postgres: Link | undefined;
}

const apiEnv = ({ folder, postgres }: ApiOptions): Record<string, string> => ({
  CD_PUSH_ISSUER: 'http://127.0.0.1',
  CD_PUSH_SERVICE_SECRET: serviceSecret,
  ...storeEnv(folder, 'api', 'api', postgres),
});

/** The api as it is deployed; it listens somewhere else after each start. */
export const makeApi = (options: ApiOptions, keeping: Keeping): KeptProcess =>
  new KeptProcess(
    {
      name: 'api',
      command: process.execPath,
      args: [...nodeFlags(undefined), programOf('api')],
      env: {
        ...apiEnv(options),
        PORT: '0',
        CD_PUSH_ALLOWED_HOSTS: options.hosts.join(','),
        [clockVariable]: clockFile(options.folder, 'api'),
      },
      ready: /Server listening at (http:\/\/[^"\s]+)/u,
    },
    keeping,
  );

/** Makes the first admin, before the api is started. */
export const addAdmin = async (options: ApiOptions): Promise<void> => {
  const child = spawn(process.execPath, [programOf('api'), 'add-admin', admin], {
    env: { PATH: process.env['PATH'] ?? '', ...apiEnv(options) },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.end(`${password}\n`);
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error('The first admin could not be made.');
};

interface RelayBackends {
  readonly api: Link;
  /** Undefined with an SQLite file. */
  readonly postgres: Link | undefined;
  readonly redis: Link | undefined;
}

export interface RelayOptions {
  readonly name: string;
  readonly folder: string;
  /** Under which names clients reach it. */
  readonly hosts: readonly string[];
  readonly backends: RelayBackends;
  readonly plant?: Plant;
}

/** A relay as it is deployed; it listens somewhere else after each start. */
export const makeRelay = (
  { name, folder, hosts, backends: { api, postgres, redis }, plant }: RelayOptions,
  keeping: Keeping,
): KeptProcess =>
  new KeptProcess(
    {
      name,
      command: process.execPath,
      args: [...nodeFlags(plant), programOf('relay')],
      env: {
        PORT: '0',
        CD_PUSH_API_URL: api.url,
        CD_PUSH_SERVICE_SECRET: serviceSecret,
        CD_PUSH_ALLOWED_HOSTS: hosts.join(','),
        ...storeEnv(folder, name, 'relays', postgres),
        ...(redis === undefined ? {} : { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
        [clockVariable]: clockFile(folder, name),
      },
      ready: /"url":"(http:[^"]+)".*The relay is ready/u,
    },
    keeping,
  );
