import { join } from 'node:path';

import { startApi, type ApiOptions } from '@cd-push/api';
import { jsonLog, startRelay, type Relay } from '@cd-push/relay';

import type { StackIdentity } from './stack-identity.ts';

export interface Services {
  readonly apiUrl: string;
  readonly relayUrl: string;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly identity: StackIdentity;
  readonly dataFolder: string;
  readonly apiPort: number;
  readonly relayPort: number;
  readonly origins: readonly string[];
  /** Where clients are told that the relay is. */
  readonly publicRelayUrl: string;
  /** What tells a stack for this machine alone from one that others reach. */
  readonly api: Pick<ApiOptions, 'seed' | 'trustedProxies'>;
  readonly log: (line: string) => void;
}

/** Both listen on loopback in any case; whoever comes from elsewhere comes through the page's host. */
export const loopback = '127.0.0.1';

export const apiDataFile = (dataFolder: string): string => join(dataFolder, 'api.sqlite');

/** Pushes, where each stands, and the contents in place. */
const journalFile = (dataFolder: string): string => join(dataFolder, 'journal.sqlite');

/** Starts api and relay in this process. */
export const startServices = async (options: ServiceOptions): Promise<Services> => {
  const { identity, dataFolder, apiPort, relayPort, origins, publicRelayUrl, log } = options;
  const serviceCredential = { id: 'relay', secret: identity.serviceSecret };
  let relay: Relay | undefined;
  const api = await startApi({
    ...options.api,
    host: loopback,
    port: apiPort,
    dataFile: apiDataFile(dataFolder),
    issuer: identity.issuer,
    serviceCredential,
    relayUrl: publicRelayUrl,
    history: () => relay?.history,
    allowedOrigins: origins,
    logLevel: 'warn',
    logStream: { write: log },
  });
  try {
    const started = await startRelay({
      host: loopback,
      port: relayPort,
      apiUrl: api.url,
      serviceCredential,
      allowedOrigins: origins,
      journal: { kind: 'sqlite', file: journalFile(dataFolder) },
      logger: jsonLog({ level: 'warn', write: log }),
    });
    relay = started;
    return {
      apiUrl: api.url,
      relayUrl: started.url,
      close: async () => {
        await started.close();
        await api.close();
      },
    };
  } catch (error) {
    await api.close();
    throw error;
  }
};
