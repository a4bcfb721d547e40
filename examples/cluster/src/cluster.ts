import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readCompose, readImage, root, type Service } from './deployment.ts';
import { run, runOnce, type Running } from './running.ts';

/** What takes the place of the containers of PostgreSQL and Redis. */
export interface Places {
  readonly databaseUrl: string;
  /** Schemas of the api and of the relays; in the containers each has a database of its own. */
  readonly schemas: { readonly api: string; readonly relay: string };
  readonly redisUrl: string;
  readonly redisPrefix: string;
}

/** The services of compose.yaml that are ours, as processes. */
export interface Cluster {
  readonly api: Running;
  readonly relays: readonly Running[];
  /** Makes an admin by the api's own command. */
  addAdmin(name: string, password: string): Promise<void>;
  /** Exit code of a service's health check in compose.yaml, asked of a process of it. */
  checkHealth(service: string, running: Running): Promise<number | null>;
  /** Another process of a relay, such as an orchestrator starts where one ended. */
  startRelay(service: string): Promise<Running>;
  close(): Promise<void>;
}

/** Each as its image has it in `/app`. */
const folders: Readonly<Record<string, string>> = {
  api: fileURLToPath(new URL('.', import.meta.resolve('@cd-push/api/package.json'))),
  relay: fileURLToPath(new URL('.', import.meta.resolve('@cd-push/relay/package.json'))),
};
const apiIsReady = /Server listening at http:\/\/[^"]*:(\d+)/;
const relayIsReady = /"url":"http:[^"]*:(\d+)".*The relay is ready/;

/**
 * Starts the api and the relays of compose.yaml with their own commands and environments. Only where something is differs:
 * ports are free ones, and names of other containers stand for places on this machine.
 *
 * @param host the public name; nothing here looks it up.
 */
export const startCluster = async (places: Places, host = 'push.test'): Promise<Cluster> => {
  const { services } = readCompose({ CD_PUSH_HOST: host });
  const secrets = makeSecrets(places.databaseUrl);
  const running: Running[] = [];
  let apiUrl = '';

  const environmentOf = (
    service: Service,
    more: Readonly<Record<string, string>>,
  ): Record<string, string> => {
    const own: Record<string, string> = {};
    for (const [name, value] of Object.entries({
      ...readImage(targetOf(service)).environment,
      ...service.environment,
    }))
      own[name] = value.replace('/run/secrets/', `${secrets}/`).replace('http://api:8080', apiUrl);
    return { ...own, PORT: '0', ...more };
  };
  const programOf = (name: string, more: Readonly<Record<string, string>>) => {
    const service = services[name];
    const folder = folders[targetOf(service)];
    if (service?.command === undefined || folder === undefined)
      throw new Error(`compose.yaml has no ${name}.`);
    return { command: service.command, folder, environment: environmentOf(service, more) };
  };
  const start = async (name: string, more: Readonly<Record<string, string>>, isReady: RegExp) => {
    const process = await run({ ...programOf(name, more), isReady });
    running.push(process);
    return process;
  };
  const apiMore = {
    CD_PUSH_DATABASE_SCHEMA: places.schemas.api,
    CD_PUSH_JOURNAL_SCHEMA: places.schemas.relay,
  };
  const startRelay = (name: string): Promise<Running> =>
    start(
      name,
      {
        CD_PUSH_DATABASE_SCHEMA: places.schemas.relay,
        REDIS_URL: places.redisUrl,
        CD_PUSH_REDIS_PREFIX: places.redisPrefix,
      },
      relayIsReady,
    );
  const close = async (): Promise<void> => {
    await Promise.all(running.map((process) => process.stop()));
    rmSync(secrets, { recursive: true });
  };

  try {
    const api = await start('api', apiMore, apiIsReady);
    apiUrl = api.url;
    const names = Object.keys(services).filter((name) => services[name]?.build?.target === 'relay');
    const relays = await Promise.all(names.map(startRelay));
    return {
      api,
      relays,
      addAdmin: async (name, password) => {
        const program = programOf('api', apiMore);
        const command = [...program.command, 'add-admin', name];
        const { exitCode, said } = await runOnce({ ...program, command }, `${password}\n`);
        if (exitCode !== 0) throw new Error(said);
      },
      checkHealth: async (name, { url }) => {
        const [kind, ...test] = services[name]?.healthcheck?.test ?? [];
        if (kind !== 'CMD') throw new Error(`${name} has no health check.`);
        const command = test.map((part) => part.replace(/^\/healthcheck/, join(root, 'deploy/healthcheck')));
        const { exitCode } = await runOnce({
          command,
          folder: root,
          environment: { PORT: new URL(url).port },
        });
        return exitCode;
      },
      startRelay,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const targetOf = (service: Service | undefined): string => service?.build?.target ?? '';

/** Secrets as they are made for a deployment, but for where the database is. */
const makeSecrets = (databaseUrl: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-cluster-'));
  execFileSync(join(root, 'deploy/make-secrets.sh'), [folder], { stdio: 'ignore' });
  for (const name of ['api-database-url', 'relay-database-url']) {
    chmodSync(join(folder, name), 0o600);
    writeFileSync(join(folder, name), `${databaseUrl}\n`);
  }
  return folder;
};
