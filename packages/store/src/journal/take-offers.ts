import { branded, moduleOf, type Resource } from '@cd-push/protocol';

import type { Offer, Taken } from '../ports/journal.ts';
import type { AcceptedPush, FrameRef, Misfit, Place } from '../ports/push.ts';
import { namesOf, patchesOf, stepsOf, type StepRow } from './patches.ts';
import type { JournalTables } from './tables.ts';

export type HeadRow = JournalTables['heads'];
export type TipRow = JournalTables['tips'];

/** What stands before a group, as far as its offers are concerned. */
export interface Standing {
  readonly position: number;
  readonly guids: Iterable<{ readonly tenant: string; readonly guid: string }>;
  readonly heads: Iterable<HeadRow>;
  /** Of the timelines that the offers move. */
  readonly tips: Iterable<TipRow>;
}

/** What becomes of the offers, in their order; what is to be written for those that are taken. */
export interface TakenOffers {
  readonly outcomes: readonly Taken[];
  readonly appended: readonly { readonly offset: number; readonly offer: Offer }[];
  /** The heads that are in place after all of them, as far as they changed. */
  readonly heads: readonly HeadRow[];
  readonly steps: readonly StepRow[];
  /** The same of tips. */
  readonly tips: readonly TipRow[];
}

export const takeOffers = (offers: readonly Offer[], standing: Standing): TakenOffers => {
  const guids = new Set([...standing.guids].map(({ tenant, guid }) => keyOf(tenant, guid)));
  const heads = new Map([...standing.heads].map((head) => [headKey(head, head.resource), head]));
  const changed = new Map<string, HeadRow>();
  const tips = new Map([...standing.tips].map((row) => [keyOf(row.tenant, row.timeline), row]));
  const moved = new Map<string, TipRow>();
  const appended: { offset: number; offer: Offer }[] = [];
  const steps: StepRow[] = [];
  const outcomes = offers.map((offer): Taken => {
    const { push } = offer;
    const guid = keyOf(push.tenant, push.pushGuid);
    if (guids.has(guid)) return { outcome: 'repeated' };
    const misfit = misfitOf(push, heads) ?? tipMisfitOf(offer, heads, tips);
    if (misfit !== undefined) return { outcome: 'misfit', misfit };
    const offset = standing.position + appended.length + 1;
    guids.add(guid);
    appended.push({ offset, offer });
    const places = placesOf(push);
    for (const step of stepsOf(push, patchesOf(push), offset)) {
      steps.push(step);
      const key = headKey(push, step.resource);
      const head = headOf(step, places.get(step.resource), heads.get(key));
      heads.set(key, head);
      changed.set(key, head);
    }
    for (const { timeline, to } of offer.history?.swaps ?? []) {
      const key = keyOf(push.tenant, timeline);
      const row = { tenant: push.tenant, timeline, tip: to };
      tips.set(key, row);
      moved.set(key, row);
    }
    return { outcome: 'appended', offset };
  });
  return { outcomes, appended, heads: [...changed.values()], steps, tips: [...moved.values()] };
};

/** Every timeline whose tip decides about these offers, each once. */
export const timelinesOf = (offers: readonly Offer[]): readonly Omit<TipRow, 'tip'>[] => {
  const found = new Map<string, Omit<TipRow, 'tip'>>();
  for (const { push, history } of offers) {
    const { tenant } = push;
    for (const { timeline } of history?.swaps ?? []) found.set(keyOf(tenant, timeline), { tenant, timeline });
  }
  return [...found.values()];
};

/** Every resource whose head decides about these offers, each once. */
export const resourcesOf = (
  offers: readonly Offer[],
): readonly Pick<HeadRow, 'tenant' | 'environment' | 'resource'>[] => {
  const found = new Map<string, Pick<HeadRow, 'tenant' | 'environment' | 'resource'>>();
  for (const { push } of offers) {
    const { tenant, environment } = push;
    for (const resource of namesOf(patchesOf(push))) {
      found.set(headKey(push, resource), { tenant, environment, resource });
    }
  }
  return [...found.values()];
};

const misfitOf = (push: AcceptedPush, heads: ReadonlyMap<string, HeadRow>): Misfit | undefined => {
  for (const [index, patch] of patchesOf(push).entries()) {
    const before = heads.get(headKey(push, patch.from ?? patch.resource));
    if (before !== undefined && (before.digest !== patch.predecessor || before.version >= patch.version)) {
      return { index, patch, current: { version: before.version, digest: before.digest } };
    }
    if (patch.from === undefined) continue;
    const target = heads.get(headKey(push, patch.resource));
    if (target !== undefined && (target.digest !== null || target.version >= patch.version)) {
      return { index, patch, current: { version: target.version, digest: target.digest } };
    }
  }
  return undefined;
};

/** A tip that is another one by now is told of the patch whose frame was to follow it, or else of the first. */
const tipMisfitOf = (
  { push, history }: Offer,
  heads: ReadonlyMap<string, HeadRow>,
  tips: ReadonlyMap<string, TipRow>,
): Misfit | undefined => {
  const moved = (history?.swaps ?? []).find(
    ({ timeline, from }) => tips.get(keyOf(push.tenant, timeline))?.tip !== from,
  );
  if (moved === undefined) return undefined;
  const index = Math.max(
    push.frames.findIndex((frame) => frame?.timeline === moved.timeline),
    0,
  );
  const patch = patchesOf(push)[index];
  if (patch === undefined) throw new TypeError('A push without patches moves no tips.');
  const head = heads.get(headKey(push, patch.from ?? patch.resource));
  return { index, patch, current: { version: head?.version ?? 0, digest: head?.digest ?? null } };
};

const headOf = (
  { tenant, environment, resource, version, digest, position }: StepRow,
  place: FramePlace | undefined,
  before: HeadRow | undefined,
): HeadRow => ({
  tenant,
  environment,
  resource,
  module: moduleOf(branded<Resource>(resource)),
  version,
  digest,
  position,
  ...frameColumns(place, before),
});

/** What is pushed without a frame leaves the timeline where it was. */
const frameColumns = (
  place: FramePlace | undefined,
  before: HeadRow | undefined,
): Pick<HeadRow, 'frame' | 'timeline' | 'height' | 'is_elsewhere'> =>
  place === undefined
    ? {
        frame: before?.frame ?? null,
        timeline: before?.timeline ?? null,
        height: before?.height ?? null,
        is_elsewhere: before?.is_elsewhere ?? 0,
      }
    : {
        frame: place.frame.address,
        timeline: place.frame.timeline,
        height: place.frame.height,
        is_elsewhere: place.isElsewhere ? 1 : 0,
      };

interface FramePlace {
  readonly frame: FrameRef;
  readonly isElsewhere: boolean;
}

/** Which frame each resource has after a push. What is renamed takes its timeline along. */
const placesOf = (push: AcceptedPush): ReadonlyMap<string, FramePlace> => {
  const places = new Map<string, FramePlace>();
  for (const [index, { resource, from }] of patchesOf(push).entries()) {
    const frame = push.frames[index] ?? null;
    if (frame === null) continue;
    if (from !== undefined && !places.has(from)) places.set(from, { frame, isElsewhere: true });
    places.set(resource, { frame, isElsewhere: false });
  }
  return places;
};

export const headKey = ({ tenant, environment }: Place, resource: string): string =>
  keyOf(tenant, environment, resource);

/** No two lists of texts give the same one. */
export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
