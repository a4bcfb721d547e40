import { credentialOf, problemOf, recipientIdOf, type EpochMs, type RecipientId } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { RunningPeer } from '../peers/peer.ts';
import type { Policies } from '../peers/policies.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { aimsOf } from './aims.ts';
import type { Meant } from './meant.ts';
import { Plan } from './plan.ts';
import { isContentHeld, settleBy, standingOf, standingsOf } from './settle.ts';

export interface LackPorts {
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly policies: Policies;
  readonly meant: Meant;
  readonly clock: Clock;
}

export interface Lacks {
  /** Everything up to here was looked at; of what came later, the heads and what is owed. */
  readonly upTo: number;
  /** Of pushes to be sent, in the order of their acceptance. */
  readonly offsets: readonly number[];
}

/** Pushes that are read at a time: who was away for long may be owed any number. */
const perRead = 200;

/**
 * What a runtime lacks by what it says it holds: the versions of its module's files that are meant for it, and what is
 * still owed to it. Tracks that its report settles are settled, and what is replaced in the same catch-up is superseded.
 *
 * @param wasSent of what it lacks; that is not sent again, but counts as if it were.
 */
export const lacksOf = async (
  peer: RunningPeer,
  ports: LackPorts,
  wasSent: (push: TrackedPush) => boolean = () => false,
): Promise<Lacks> => {
  const { journal, policies } = ports;
  const { session, running } = peer;
  const { recipient, held, untracked } = running;
  const upTo = await journal.store.offset();
  // What is held stays owed, and is found anew when that is lifted.
  const isHeld = policies.of(session.runtime).hold;
  const aims = isHeld ? new Map<string, never>() : await aimsOf(peer, ports);
  const behind = new Set(
    [...aims].flatMap(([resource, aim]) =>
      standingOf(held.get(resource), aim) === 'behind' ? [aim.offset] : [],
    ),
  );
  const owed = await journal.store.openOffsets(session.tenant, [
    recipient,
    recipientIdOf(credentialOf(recipient)),
  ]);
  const unanswered = new Set(untracked.values());
  const offsets = [...new Set([...behind, ...owed, ...unanswered])].toSorted((a, b) => b - a);

  const plan = new Plan(aims);
  const lacking: number[] = [];
  const send = (push: TrackedPush, isTaken: boolean): void => {
    plan.send(push, isTaken);
    if (!wasSent(push)) lacking.push(push.offset);
  };
  // The latest first: it says what need not be sent any more.
  for await (const push of inPages(offsets, journal)) {
    const at = ports.clock.now();
    const isOwed = push.isOpenFor(recipient) && !isSettledAlready(push, peer, ports, at);
    const isState = behind.has(push.offset) || unanswered.has(push.offset);
    if (isHeld || (!isOwed && !isState)) continue;
    const isTaken =
      isState || (ports.meant.isAddressed(push, peer) && (await ports.meant.isApproved(push, peer)));
    if (isOwed && wasNeverWritten(push, recipient) && plan.isReplaced(push)) {
      ports.tracker.moveLatest(push, recipient, { type: 'superseded', at });
      plan.leaveOut(push);
    } else if (isOwed && isTaken && isContentHeld(standingsOf(push, held))) plan.spare(push);
    else send(push, isTaken);
  }
  for (let drawn = plan.drawn(); drawn.length > 0; drawn = plan.drawn()) {
    for await (const push of inPages(drawn, journal)) send(push, true);
  }
  for (const push of plan.spared) {
    settleBy(push, recipient, standingsOf(push, held), ports.tracker, ports.clock.now());
  }
  return { upTo, offsets: lacking.toSorted((a, b) => a - b) };
};

/** In the order of the offsets, which ascend or descend. */
async function* inPages(offsets: readonly number[], journal: Journal): AsyncGenerator<TrackedPush> {
  for (let start = 0; start < offsets.length; start += perRead) {
    // What has been settled is written before more is read, so that no commit is long.
    if (start > 0) await journal.flushed();
    const page = offsets.slice(start, start + perRead);
    const pushes = await journal.at(page);
    yield* (page[0] ?? 0) < (page.at(-1) ?? 0) ? pushes : pushes.toReversed();
  }
}

/**
 * Settles a push that is open for a runtime where that needs nothing else to be known: its time is over, the runtime would
 * refuse it, or holds these or later versions of its files.
 */
const isSettledAlready = (
  push: TrackedPush,
  { running: { recipient, held } }: RunningPeer,
  { tracker, meant }: LackPorts,
  at: EpochMs,
): boolean => {
  if (push.accepted.deliverBy <= at) {
    tracker.moveLatest(push, recipient, { type: 'expired', at });
    return true;
  }
  if (meant.isVoided(push)) {
    const detail = 'The session that signed it was ended; push it anew.';
    tracker.moveLatest(push, recipient, {
      type: 'failed',
      at,
      problem: problemOf('session-revoked', { detail }),
    });
    return true;
  }
  const standings = standingsOf(push, held);
  if (!isContentHeld(standings) || standings.has('alike')) return false;
  settleBy(push, recipient, standings, tracker, at);
  return true;
};

/** Only what was never written to a recipient is left out: of the rest it is not known what became of it. */
const wasNeverWritten = (push: TrackedPush, recipient: RecipientId): boolean => {
  const entry = push.entryOf(recipient);
  if (push.accepted.carries !== 'patch' || entry === undefined) return false;
  return entry.track.attempt === 1 && entry.track.state.stage === 'relayed';
};
