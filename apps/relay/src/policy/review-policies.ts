import type { CatchUps } from '../catch-up/catch-ups.ts';
import { isRunningPeer, type Peer, type RunningPeer } from '../peers/peer.ts';
import { factsOf, type Log } from '../log.ts';
import type { PolicyBook } from './policy-book.ts';

interface ReviewPorts {
  readonly policies: PolicyBook;
  readonly catchUps: CatchUps;
  readonly log: Log;
}

/**
 * Holds what these connections' runtimes were told against what holds for them now: a policy was written on some node, or
 * the groups and labels of a runtime have changed. Each that it concerns is told, and sent what waited for it.
 */
export const reviewPolicies = (peers: Iterable<Peer>, { policies, catchUps, log }: ReviewPorts): void => {
  for (const peer of peers) {
    if (!isRunningPeer(peer)) continue;
    const { running } = peer;
    const before = running.policy;
    const now = policies.of(peer.session.runtime);
    if (before.hold === now.hold && before.silent === now.silent && before.mode === now.mode) continue;
    running.policy = now;
    peer.outlet.emit('policy-changed', now);
    if (before.hold && !now.hold) release(peer, catchUps, log);
  }
};

const release = (peer: RunningPeer, catchUps: CatchUps, log: Log): void => {
  catchUps.again(peer).catch((error: unknown) => {
    log.error(
      { ...factsOf(error), recipient: peer.running.recipient },
      'What waited for a runtime could not be sent.',
    );
    // It comes back, and is caught up then.
    peer.outlet.cut('slow');
  });
};
