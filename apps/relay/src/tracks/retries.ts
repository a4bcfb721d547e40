import {
  ok,
  problemOf,
  refuse,
  type Problem,
  type RecipientId,
  type Result,
  type RetryPush,
  type TrackState,
} from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Tracker } from './tracker.ts';

export interface Attempts {
  readonly attempts: { readonly recipient: RecipientId; readonly attempt: number }[];
  readonly refused: { readonly recipient: RecipientId; readonly problem: Problem }[];
}

/**
 * Opens further attempts of a push where the last one ended without effect. They are sent with the bytes that were signed
 * to whoever is connected, by the node where it is, and owed to whoever is not.
 */
export class Retries {
  readonly #journal: Journal;
  readonly #tracker: Tracker;
  readonly #clock: Clock;

  constructor(journal: Journal, tracker: Tracker, clock: Clock) {
    this.#journal = journal;
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /**
   * Resolves when the attempts are written down, and with that on their way.
   *
   * @param recipients all of them where undefined.
   * @param stages ends that are tried again.
   * @returns a problem where nothing of this push may be tried again.
   * @throws what the store threw, where the attempts could not be written down yet.
   */
  async open(
    push: TrackedPush,
    recipients: readonly RecipientId[] | undefined,
    stages: RetryPush['stages'],
  ): Promise<Result<Attempts, Problem>> {
    if (push.accepted.carries === 'none') {
      const detail = 'Messages of existing clients are sent once.';
      return refuse(problemOf('invalid-request', { path: '/pushGuid', detail }));
    }
    const at = this.#clock.now();
    if (push.accepted.deliverBy <= at) return refuse(problemOf('expired'));
    const replaced = await this.#replaced(push);
    if (replaced !== undefined) return refuse(replaced);
    const answer: Attempts = { attempts: [], refused: [] };
    for (const recipient of new Set(recipients ?? push.tracks.keys())) {
      const entry = push.entryOf(recipient);
      if (entry === undefined) {
        answer.refused.push({ recipient, problem: problemOf('not-found', { path: '/recipients' }) });
        continue;
      }
      const { stage } = entry.track.state;
      if ((stage !== 'failed' && stage !== 'expired') || !stages.includes(stage)) {
        if (recipients !== undefined) answer.refused.push({ recipient, problem: notEnded(stage) });
        continue;
      }
      const move = this.#tracker.open(push, entry.recipient, at);
      if (move.outcome === 'advanced')
        answer.attempts.push({ recipient: move.recipient, attempt: move.track.attempt });
    }
    if (answer.attempts.length > 0) await this.#journal.flushed();
    return ok(answer);
  }

  /** What later pushes have replaced as a whole is not put back by sending it again; where some is left, that is brought. */
  async #replaced({ accepted }: TrackedPush): Promise<Problem | undefined> {
    const patches = accepted.signed?.patches ?? [];
    if (patches.length === 0) return undefined;
    const heads = await this.#journal.store.heads(
      accepted,
      patches.map(({ resource }) => resource),
    );
    const inPlace = new Map(heads.map((head) => [head.resource, head]));
    const isReplaced = patches.every(
      ({ resource, version }) => (inPlace.get(resource)?.version ?? version) !== version,
    );
    const [patch] = patches;
    if (!isReplaced || patch === undefined) return undefined;
    const head = inPlace.get(patch.resource);
    return problemOf('stale-version', {
      resource: patch.resource,
      ...(head === undefined ? {} : { current: { version: head.version, digest: head.digest } }),
      detail: 'Later pushes have replaced all its files; push what they should be now.',
    });
  }
}

const notEnded = (stage: TrackState['stage']): Problem =>
  problemOf(stage === 'superseded' ? 'stale-version' : 'conflict', {
    path: '/recipients',
    detail: `Its attempt is ${stage}; only one that ended in one of the stages asked for is tried again.`,
  });
