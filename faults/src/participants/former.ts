import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  Publisher,
  type Connection,
  type PersonSession,
  type Session,
  type SessionSource,
} from '@cd-push/client';
import { ProblemError, problemOf } from '@cd-push/protocol';

import { revocationReachesMs } from '../checker/phantom.ts';
import { machineMs, type HistoryWriter } from '../history/history-writer.ts';
import { signIn } from '../run/installation.ts';
import { environment, former, targets } from '../run/settings.ts';
import { noteAnswer } from './note-answer.ts';

import { patchOf } from './workload.ts';

const triesEveryMs = 400;
/** Beyond the time in which a revocation has to arrive. */
const goesOnForMs = revocationReachesMs + 2_500;

export interface FormerOptions {
  readonly apiUrl: string;
  readonly relayUrl: string;
  readonly resource: string;
  readonly partTemplate: string;
  readonly placeholder: string;
}

/**
 * Signs in and pushes; its identity is ended with all of its sessions, and it goes on pushing as long as it can: not with
 * sessions that it would have to ask the api for, but with one that it has kept, whose token the relay has seen before.
 */
export const pushAfterTheEnd = async (
  options: FormerOptions,
  writer: HistoryWriter,
  signal: AbortSignal,
): Promise<void> => {
  const session = await signIn(options.apiUrl, former);
  const last = new Attempt(options, session, session, writer);
  last.push();
  await last.answered;
  const kept = await shownTo(options.relayUrl, session, signal);
  const attempt = (): Attempt => new Attempt(options, session, kept, writer);
  // Its connection is open yet, and its token looks fresh for minutes.
  await session.endIdentity();
  writer.tell({ kind: 'revoked', session: session.account.identity });
  const endsAt = machineMs() + goesOnForMs;
  let current = last;
  while (machineMs() < endsAt && !signal.aborted) {
    if (current.isOver) current = attempt();
    current.push();
    await sleep(triesEveryMs);
  }
  current.close();
};

/** A session that was let in by its token, and broke off before it proved itself: it has not connected yet. */
const shownTo = async (relayUrl: string, session: Session, signal: AbortSignal): Promise<SessionSource> => {
  const person = await session.connecting();
  const breaksOff = (): Promise<never> => Promise.reject(new ProblemError(problemOf('forbidden')));
  const connection = connect({ relayUrl, session: sourceOf(proving(person, breaksOff)) });
  await connection.opened({ patience: 'first-failure', signal }).catch(() => undefined);
  connection.close();
  return sourceOf(person);
};

const proving = (person: PersonSession, prove: PersonSession['prove']): PersonSession => ({
  id: person.id,
  key: person.key,
  clock: person.clock,
  genesis: person.genesis,
  isUsable: true,
  access: () => person.access(),
  renew: (refused) => person.renew(refused),
  certificate: () => person.certificate(),
  syncSigning: () => person.syncSigning(),
  prove,
});

const sourceOf = (person: PersonSession): SessionSource => ({
  clock: person.clock,
  access: () => person.access(),
  renew: (refused) => person.renew(refused),
  connecting: () => Promise.resolve(person),
});

/** One connection, until the relay ends it. */
class Attempt {
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #options: FormerOptions;
  readonly #session: Session;
  readonly #writer: HistoryWriter;
  readonly #answers: Promise<unknown>[] = [];

  constructor(options: FormerOptions, session: Session, source: SessionSource, writer: HistoryWriter) {
    this.#options = options;
    this.#session = session;
    this.#writer = writer;
    this.#connection = connect({ relayUrl: options.relayUrl, session: source });
    this.#publisher = new Publisher({ connection: this.#connection, session });
  }

  get isOver(): boolean {
    return this.#connection.status.state === 'ended';
  }

  get answered(): Promise<unknown> {
    return Promise.all(this.#answers);
  }

  push(): void {
    const pushGuid = crypto.randomUUID();
    const { resource } = this.#options;
    this.#writer.tell({
      kind: 'invoke',
      push: pushGuid,
      carries: 'patch',
      resources: [resource],
      to: 'everyone',
      session: this.#session.account.identity,
      deliverBy: null,
    });
    const patches = [patchOf(resource, pushGuid, this.#options)];
    const push = this.#publisher.push({ environment, targets, patches, pushGuid });
    this.#answers.push(noteAnswer(push, this.#writer));
  }

  close(): void {
    this.#publisher.close();
    this.#connection.close();
  }
}
