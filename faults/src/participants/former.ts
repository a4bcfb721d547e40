import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Publisher, type Connection, type Session } from '@cd-push/client';

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

/** Signs in and pushes; its identity is ended with all of its sessions, and it goes on pushing as long as it can. */
export const pushAfterTheEnd = async (
  options: FormerOptions,
  writer: HistoryWriter,
  signal: AbortSignal,
): Promise<void> => {
  const session = await signIn(options.apiUrl, former);
  const attempt = (): Attempt => new Attempt(options, session, writer);
  const last = attempt();
  last.push();
  await last.answered;
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

/** One connection, until the relay ends it. */
class Attempt {
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #options: FormerOptions;
  readonly #session: Session;
  readonly #writer: HistoryWriter;
  readonly #answers: Promise<unknown>[] = [];

  constructor(options: FormerOptions, session: Session, writer: HistoryWriter) {
    this.#options = options;
    this.#session = session;
    this.#writer = writer;
    this.#connection = connect({ relayUrl: options.relayUrl, session });
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
