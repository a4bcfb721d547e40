import type { ResourceHead } from '@cd-push/store';

import type { Journal } from '../journal/journal.ts';
import type { RunningPeer } from '../peers/peer.ts';
import type { Meant } from './meant.ts';

/** A version that a runtime should hold of a resource, and the place of the push that brings it. */
export type Aim = Pick<ResourceHead, 'version' | 'digest' | 'offset'>;

interface AimPorts {
  readonly journal: Journal;
  readonly meant: Meant;
}

/** Heads that are looked at at a time. */
const perRead = 200;
/** Versions that are read at first where the one in place is meant for others, and how many times more each further time. */
const firstLook = 1;
const furtherLooks = 8;

/**
 * What a runtime should hold of each file of its module, where that is later than what it holds: the latest version that
 * is meant for it. Mostly that is the head in place.
 *
 * @throws what the store threw.
 */
export const aimsOf = async (
  peer: RunningPeer,
  { journal, meant }: AimPorts,
): Promise<ReadonlyMap<string, Aim>> => {
  const { tenant } = peer.session;
  const { module, environment } = peer.session.runtime;
  const { held } = peer.running;
  const heads = await journal.store.headsOf({ tenant, environment }, module);
  const later = heads.filter(({ resource, version }) => (held.get(resource)?.version ?? 0) < version);
  const aims = new Map<string, Aim>();
  for (let start = 0; start < later.length; start += perRead) {
    // Whoever else waits comes in between.
    if (start > 0) await new Promise(setImmediate);
    const page = later.slice(start, start + perRead);
    const taken = await statesAmong(page, peer, journal, meant);
    for (const head of page) {
      const aim = taken.has(head.offset) ? head : await before(head, peer, journal, meant);
      if (aim !== undefined) aims.set(head.resource, aim);
    }
  }
  return aims;
};

/** The latest version below one that is meant for this runtime and later than what it holds. */
const before = async (
  head: ResourceHead,
  peer: RunningPeer,
  journal: Journal,
  meant: Meant,
): Promise<Aim | undefined> => {
  const { tenant } = peer.session;
  const { environment } = peer.session.runtime;
  const above = peer.running.held.get(head.resource)?.version ?? 0;
  let below = head.version;
  for (let limit = firstLook; ; limit *= furtherLooks) {
    const steps = await journal.store.steps({ tenant, environment }, head.resource, above, below, limit);
    const taken = await statesAmong(steps, peer, journal, meant);
    const aim = steps.findLast(({ offset }) => taken.has(offset));
    const [oldest] = steps;
    if (aim !== undefined || oldest === undefined || steps.length < limit) return aim;
    below = oldest.version;
  }
};

const statesAmong = async (
  versions: readonly Aim[],
  peer: RunningPeer,
  journal: Journal,
  meant: Meant,
): Promise<ReadonlySet<number>> => {
  const taken = new Set<number>();
  for (const push of await journal.at([...new Set(versions.map(({ offset }) => offset))])) {
    if (await meant.isState(push, peer)) taken.add(push.offset);
  }
  return taken;
};
