import { connect, Publisher, restoreSession, type Connection, type Session } from '@cd-push/client';

import { CliError } from '../cli-error.ts';
import type { CliContext } from '../cli-context.ts';
import { credentialFolder } from '../credentials/config-folder.ts';
import { keptKey } from '../credentials/key-file.ts';
import { fileSessionStore } from '../credentials/session-file.ts';
import { exitCodes } from '../exit-codes.ts';
import type { RelayAddress, Settings } from '../settings/load-settings.ts';
import { runningStack } from '../stack/state-file.ts';
import { discoverRelay } from './discover-relay.ts';

export type LineName = 'local' | 'remote';

/** An authenticated way to one relay. */
export interface Line {
  readonly name: LineName;
  readonly apiUrl: string;
  readonly session: Session;
  readonly connection: Connection;
  readonly publisher: Publisher;
}

/** The lines of a command; closing them lets the process end. */
export class Lines implements AsyncDisposable {
  readonly all: readonly Line[];

  constructor(all: readonly Line[]) {
    this.all = all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { publisher, connection } of this.all) {
      publisher.close();
      connection.close();
    }
  }
}

/**
 * Connects to the relays that `syncMode` names.
 *
 * @throws CliError where no stack runs here, no remote relay is configured, or nobody is signed in; ProblemError why a
 * relay did not let us in.
 */
export const openLines = async (context: CliContext, settings: Settings): Promise<Lines> => {
  const names: readonly LineName[] =
    settings.syncMode === 'hybrid' ? ['local', 'remote'] : [settings.syncMode];
  const places = names.map((name) => placeOf(context, settings, name));
  const lines = new Lines(await Promise.all(places.map(openLine)));
  try {
    await Promise.all(
      lines.all.map(({ connection }) =>
        connection.opened({ signal: context.signal, patience: 'first-failure' }),
      ),
    );
    return lines;
  } catch (error) {
    await lines[Symbol.asyncDispose]();
    throw error;
  }
};

/** Where a session and its relay are. */
export interface Place {
  readonly name: LineName;
  readonly address: RelayAddress;
  readonly credentials: string;
}

export const placeOf = ({ process: { env } }: CliContext, settings: Settings, name: LineName): Place => {
  if (name === 'remote') {
    const address = settings.relays.remote;
    if (address !== undefined) return { name, address, credentials: credentialFolder(env, address.apiUrl) };
    throw new CliError('No remote relay is configured.', {
      exitCode: exitCodes.usage,
      next: 'Set relays.remote in cd-push.config.ts, or CD_PUSH_API_URL.',
    });
  }
  const configured = settings.relays.local;
  if (configured !== undefined)
    return { name, address: configured, credentials: credentialFolder(env, configured.apiUrl) };
  const stack = runningStack(settings.dataFolder);
  if (stack === undefined) {
    throw new CliError(`No stack of this project runs here (looked in ${settings.dataFolder}).`, {
      next:
        settings.relays.remote === undefined
          ? 'Start one in another terminal: cd-cli up'
          : 'Start one in another terminal: cd-cli up\nOr go through the configured relay: --mode remote',
    });
  }
  const { apiUrl, relayUrl, credentials } = stack;
  return { name, address: { apiUrl, relayUrl }, credentials: credentials ?? credentialFolder(env, apiUrl) };
};

/** The session kept for a place. */
export const sessionAt = async ({ address: { apiUrl }, credentials }: Place): Promise<Session> => {
  const store = fileSessionStore(credentials);
  // Without a session there is no key worth making.
  const session =
    (await store.load()) === undefined ? undefined : await restoreSession(store, await keptKey(credentials));
  if (session !== undefined) return session;
  throw new CliError(`Nobody is signed in at ${apiUrl}.`, {
    exitCode: exitCodes.authentication,
    next: `Sign in: cd-cli login ${apiUrl}`,
  });
};

const openLine = async (place: Place): Promise<Line> => {
  const { name, address } = place;
  const session = await sessionAt(place);
  const relayUrl = address.relayUrl ?? (await discoverRelay(address.apiUrl));
  const connection = connect({ relayUrl, session });
  return {
    name,
    apiUrl: address.apiUrl,
    session,
    connection,
    publisher: new Publisher({ connection, session }),
  };
};
