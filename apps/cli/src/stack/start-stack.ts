import { once } from 'node:events';
import { join } from 'node:path';

import type { Session } from '@cd-push/client';

import { CliError } from '../cli-error.ts';
import { ignoredFiles } from '../project/ignored-files.ts';
import { runtimeBundle } from '../page/runtime-bundle.ts';
import { openProject } from '../project/open-project.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Base } from '../transform/base.ts';
import { LivePackages } from '../packages/live-packages.ts';
import { ignoreTooling } from '../transform/project-scan.ts';
import { createDevHost } from './dev-host.ts';
import { developerFolder, developerName, joinCodes, signDeveloperIn } from './developer.ts';
import { freePort } from './free-port.ts';
import { LiveBase } from './live-base.ts';
import type { LocalCertificate } from './local-certificate.ts';
import { apiPath, createProxy } from './proxy.ts';
import { serviceLog } from './service-log.ts';
import { makeDataFolder, rememberPort, stackIdentity } from './stack-identity.ts';
import { loopback, startServices } from './start-services.ts';
import { removeStackState, writeStackState, type StackState } from './state-file.ts';

/** Who can reach the stack. */
export type Reach =
  /** This machine alone, with a developer who is signed in already. */
  | { readonly kind: 'loopback' }
  /** Other machines too, under one https address for page, api and relay, and with people who sign in. */
  | {
      readonly kind: 'network';
      readonly names: readonly string[];
      readonly certificate: LocalCertificate;
      readonly dataFolder: string;
      readonly signIn: (apiUrl: string) => Promise<Session>;
      /** Where the session of `signIn` is kept. */
      readonly credentials: string;
    };

export interface StackOptions {
  readonly settings: Settings;
  readonly reach: Reach;
  /** Port of the page, 0 for any; the last one, if it is free, by default. */
  readonly port: number | undefined;
  /** File that the page's runtime starts with. */
  readonly entry: string;
  /** Hears of errors that api and relay logged. */
  readonly tell: (message: string) => void;
  /** Hears that the project can be watched no longer. */
  readonly onError: (error: Error) => void;
}

export interface RunningStack {
  readonly state: StackState;
  readonly session: Session;
  /** The project, as it was when last asked for. */
  readonly base: Base;
  /** The port that the page was to have, if somebody else has it. */
  readonly takenPort: number | undefined;
  /** A code by which runtimes of the project's module enrol. */
  readonly joinCode: () => Promise<string>;
  close(): Promise<void>;
}

const usualPort = 4700;

/** Starts api, relay and the page's host in this process. */
export const startStack = async (options: StackOptions): Promise<RunningStack> => {
  const { settings, reach, port, entry, tell, onError } = options;
  const { module, root } = settings;
  const dataFolder = reach.kind === 'loopback' ? settings.dataFolder : reach.dataFolder;
  makeDataFolder(settings.dataFolder);
  const identity = stackIdentity(dataFolder);
  const wished = port ?? identity.pagePort ?? usualPort;
  const pagePort = await freePort(wished);
  const isTaken = wished !== 0 && pagePort !== wished;
  if (isTaken && port !== undefined)
    throw new CliError(`Port ${port} is taken.`, {
      next: 'Name another one, or leave --port away: a free one is found then.',
    });
  const [apiPort, relayPort] = await Promise.all([freePort(pagePort + 1), freePort(pagePort + 2)]);
  const names = reach.kind === 'loopback' ? ['localhost', loopback] : reach.names;
  const scheme = reach.kind === 'loopback' ? 'http' : 'https';
  const origins = names.map((name) => `${scheme}://${name}:${pagePort}`);
  const [origin = ''] = origins;
  const publicRelayUrl = reach.kind === 'loopback' ? `http://${loopback}:${relayPort}` : origin;

  await using started = new AsyncDisposableStack();
  const log = serviceLog(dataFolder, tell);
  started.defer(() => log.close());
  const services = await startServices({
    identity,
    dataFolder,
    apiPort,
    relayPort,
    origins,
    publicRelayUrl,
    log: log.write,
    api:
      reach.kind === 'loopback'
        ? {
            seed: {
              userName: developerName,
              password: identity.developerPassword,
              roles: ['developer', 'admin'],
              grants: [{ prefix: '/', environments: ['*'] }],
            },
          }
        : { trustedProxies: [loopback] },
  });
  started.defer(() => services.close());
  const { apiUrl, relayUrl } = services;
  const session =
    reach.kind === 'loopback'
      ? await signDeveloperIn(apiUrl, dataFolder, identity.developerPassword)
      : await reach.signIn(apiUrl);

  const ignored = ignoredFiles(root, settings);
  const project = openProject(settings);
  const base = new LiveBase(project, {
    root,
    ignore: (path) => ignoreTooling(path) || ignored(path),
    onError,
  });
  started.defer(() => base.close());
  const joinCode = joinCodes(session, settings);
  const host = createDevHost({
    base,
    packages: new LivePackages({ root, entry, tell }),
    hosts: new Set(origins.map((one) => new URL(one).host)),
    runtime: () => runtimeBundle(root),
    boot: async (asked) => {
      const addresses =
        reach.kind === 'loopback' ? { apiUrl, relayUrl } : { apiUrl: `${asked}${apiPath}`, relayUrl: asked };
      return {
        ...addresses,
        baseUrl: '/',
        module,
        environment: settings.environment,
        entry,
        dataScripts: true,
        joinCode: await joinCode(),
      };
    },
    ...(reach.kind === 'loopback' ? {} : { tls: reach.certificate, proxy: createProxy(apiUrl, relayUrl) }),
  });
  host.listen(pagePort, reach.kind === 'loopback' ? loopback : undefined);
  await once(host, 'listening');
  started.defer(async () => {
    host.closeAllConnections();
    host.close();
    await once(host, 'close');
  });
  rememberPort(dataFolder, identity, pagePort);

  const state: StackState = {
    pid: process.pid,
    apiUrl,
    relayUrl,
    pageUrl: `${origin}/`,
    module,
    root,
    credentials: reach.kind === 'loopback' ? developerFolder(dataFolder) : reach.credentials,
    certificateFile: reach.kind === 'loopback' ? null : reach.certificate.authorityFile,
  };
  writeStackState(settings.dataFolder, state);
  started.defer(() => removeStackState(settings.dataFolder));
  const owned = started.move();
  return {
    state,
    session,
    base: project,
    takenPort: isTaken ? wished : undefined,
    joinCode,
    close: () => owned.disposeAsync(),
  };
};

export const networkDataFolder = (settings: Settings): string => join(settings.dataFolder, 'network');
