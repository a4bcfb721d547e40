import { once } from 'node:events';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { jsonLog, startRelay } from '@cd-push/relay';

import type { Session } from '@cd-push/client';
import { ignoredFiles } from '../project/ignored-files.ts';
import { openProject } from '../project/open-project.ts';
import type { Settings } from '../settings/load-settings.ts';
import { ignoreTooling } from '../transform/project-scan.ts';
import { createDevHost } from './dev-host.ts';
import { developerFolder, developerName, joinCodes, signDeveloperIn } from './developer.ts';
import { freePort } from './free-port.ts';
import { LiveBase } from './live-base.ts';
import { runtimeBundle } from './runtime-bundle.ts';
import { stackIdentity } from './stack-identity.ts';
import { removeStackState, writeStackState, type StackState } from './state-file.ts';

export interface StackOptions {
  readonly settings: Settings;
  /** Port of the page, if it is free. */
  readonly port: number;
  /** File that the page's runtime starts with. */
  readonly entry: string;
  /** Where warnings and errors of api and relay go, as JSON lines. */
  readonly log: (line: string) => void;
  readonly onError: (error: Error) => void;
}

export interface RunningStack {
  readonly state: StackState;
  readonly session: Session;
  /** A code by which runtimes of the project's module enrol. */
  readonly joinCode: () => Promise<string>;
  close(): Promise<void>;
}

const loopback = '127.0.0.1';

/** Starts api, relay and the page's host in this process, for this machine alone. */
export const startStack = async ({
  settings,
  port,
  entry,
  log,
  onError,
}: StackOptions): Promise<RunningStack> => {
  const { dataFolder, module, root } = settings;
  const identity = stackIdentity(dataFolder);
  const pagePort = await freePort(port, loopback);
  const [apiPort, relayPort] = await Promise.all([freePort(pagePort + 1), freePort(pagePort + 2)]);
  const origins = [`http://${loopback}:${pagePort}`, `http://localhost:${pagePort}`];
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.toReversed()) await step();
  };
  try {
    const service = { id: 'relay', secret: identity.serviceSecret };
    const relayUrl = `http://${loopback}:${relayPort}`;
    const api = await startApi({
      host: loopback,
      port: apiPort,
      dataFile: join(dataFolder, 'api.sqlite'),
      issuer: identity.issuer,
      serviceCredential: service,
      relayUrl,
      allowedOrigins: origins,
      seed: {
        userName: developerName,
        password: identity.developerPassword,
        roles: ['developer', 'admin'],
        grants: [{ prefix: '/', environments: ['*'] }],
      },
      logLevel: 'warn',
      logStream: { write: log },
    });
    closing.push(() => api.close());
    // Reading the project and certifying the relay have nothing to do with each other.
    const [relay, session] = await Promise.all([
      startRelay({
        host: loopback,
        port: relayPort,
        apiUrl: api.url,
        serviceCredential: service,
        allowedOrigins: origins,
        logger: jsonLog({ level: 'warn', write: log }),
      }),
      signDeveloperIn(api.url, dataFolder, identity.developerPassword),
    ]);
    closing.push(() => relay.close());
    const ignored = ignoredFiles(root, settings);
    const base = new LiveBase(openProject(settings), {
      root,
      ignore: (path) => ignoreTooling(path) || ignored(path),
      onError,
    });
    closing.push(() => base.close());

    const pageUrl = `http://localhost:${pagePort}/`;
    const joinCode = joinCodes(session, settings);
    const host = createDevHost({
      base,
      hosts: new Set(origins.map((origin) => new URL(origin).host)),
      runtime: () => runtimeBundle(root),
      boot: async () => ({
        apiUrl: api.url,
        relayUrl: relay.url,
        baseUrl: '/',
        module,
        entry,
        joinCode: await joinCode(),
      }),
    });
    host.listen(pagePort, loopback);
    await once(host, 'listening');
    closing.push(async () => {
      host.closeAllConnections();
      host.close();
      await once(host, 'close');
    });

    const state: StackState = {
      pid: process.pid,
      apiUrl: api.url,
      relayUrl: relay.url,
      pageUrl,
      module,
      root,
      credentials: developerFolder(dataFolder),
      certificateFile: null,
    };
    writeStackState(dataFolder, state);
    closing.push(() => removeStackState(dataFolder));
    return { state, session, joinCode, close };
  } catch (error) {
    await close();
    throw error;
  }
};
