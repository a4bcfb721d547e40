import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { connect, memoryOutbox, Publisher, restoreSession, type Outbox, type Session } from '@cd-push/client';

import { CliError } from '../cli-error.ts';
import type { CliContext } from '../cli-context.ts';
import { credentialFolder } from '../credentials/config-folder.ts';
import { credentialFiles } from '../credentials/credential-files.ts';
import { exitCodes } from '../exit-codes.ts';
import { fileOutbox } from '../outbox/file-outbox.ts';
import { resumePushes } from '../outbox/resume-pushes.ts';
import type { RelayAddress, Settings } from '../settings/load-settings.ts';
import { runningStack } from '../stack/state-file.ts';
import { Talk } from '../talk/talk.ts';
import { discoverRelay } from './discover-relay.ts';
import type { Line, LineName } from './line.ts';

/** How long a command that is done stays for the answers to what an earlier run had left. */
const answersWithinMs = 3_000;

/** The lines of a command; closing them lets the process end. */
export class Lines implements AsyncDisposable {
  readonly all: readonly Line[];
  readonly #signal: AbortSignal;
  #resumed: Promise<unknown> = Promise.resolve();

  constructor(all: readonly Line[], signal: AbortSignal) {
    this.all = all;
    this.#signal = signal;
  }

  /** Sends first what the outboxes hold of earlier runs. */
  async resume(context: CliContext, json: boolean): Promise<void> {
    const resumed = await Promise.all(this.all.map((line) => resumePushes(context, line, json)));
    this.#resumed = Promise.all(resumed.map(({ over }) => over));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const enough = new AbortController();
    const signal = AbortSignal.any([this.#signal, enough.signal]);
    await Promise.race([this.#resumed, delay(answersWithinMs, undefined, { signal }).catch(() => undefined)]);
    enough.abort();
    for (const { publisher, connection } of this.all) {
      publisher.close();
      connection.close();
    }
    await Promise.all(this.all.map(({ outbox }) => outbox.close()));
  }
}

export interface OpenOptions {
  /** Whether the command pushes: then what it pushes is kept until a relay has it, and what earlier runs kept is sent. */
  readonly isSender?: boolean;
  /** Whether what comes of that is told as data, too. */
  readonly json?: boolean;
}

/**
 * Connects to the relays that `syncMode` names.
 *
 * @throws CliError where no stack runs here, no remote relay is configured, or nobody is signed in; ProblemError why a
 * relay did not let us in.
 */
export const openLines = async (
  context: CliContext,
  settings: Settings,
  { isSender = false, json = false }: OpenOptions = {},
): Promise<Lines> => {
  const names: readonly LineName[] =
    settings.syncMode === 'hybrid' ? ['local', 'remote'] : [settings.syncMode];
  const places = names.map((name) => placeOf(context, settings, name));
  const outboxAt = ({ credentials }: Place): Outbox =>
    isSender
      ? fileOutbox(join(credentials, 'outbox'), (sentence) => new Talk(context).warn(sentence))
      : memoryOutbox();
  const opened = places.map((place) => openLine(place, outboxAt(place)));
  const lines = new Lines(await Promise.all(opened), context.signal);
  try {
    await Promise.all(
      lines.all.map(({ connection }) =>
        connection.opened({ signal: context.signal, patience: 'first-failure' }),
      ),
    );
    if (isSender) await lines.resume(context, json);
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

/** Whoever is signed in at a place. */
export const sessionAt = async ({ address: { apiUrl }, credentials }: Place): Promise<Session> => {
  const session = await restoreSession(credentialFiles(credentials));
  if (session !== undefined) return session;
  throw new CliError(`Nobody is signed in at ${apiUrl}.`, {
    exitCode: exitCodes.authentication,
    next: `Sign in: cd-cli login ${apiUrl}`,
  });
};

const openLine = async (place: Place, outbox: Outbox): Promise<Line> => {
  const { name, address } = place;
  const session = await sessionAt(place);
  const relayUrl = address.relayUrl ?? (await discoverRelay(address.apiUrl));
  const connection = connect({ relayUrl, session });
  return {
    name,
    apiUrl: address.apiUrl,
    session,
    connection,
    publisher: new Publisher({ connection, session, outbox }),
    outbox,
  };
};
