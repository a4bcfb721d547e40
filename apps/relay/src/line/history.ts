import {
  branded,
  ok,
  ProblemError,
  problemOf,
  refuse,
  type Digest,
  type PatchHead,
  type Problem,
  type Result,
  type TimelineObject,
} from '@cd-push/protocol';
import type { Place, ResourceHead } from '@cd-push/store';
import {
  addressOf,
  addressOfDigest,
  disagreementWith,
  foreignFault,
  fromBase64,
  isAddress,
  isAncestor,
  isConflict,
  loadFrame,
  mergeFault,
  Quarantine,
  resourceGenesis,
  stepsOfBrought,
  stepsPerRead,
  stepsUpTo,
  storedBlob,
  surplusFault,
  utf8,
  type Address,
  type Frame,
  type FrameObject,
  type FrameRef,
  type MergeSteps,
  type ObjectSource,
  type ParsedObject,
  type Quarantined,
  type Space,
  type SpaceChange,
  type StoredObject,
  type TipSwap,
  type VerifiedContent,
} from '@cd-push/timeline';

import type { UserSession } from '../authority/session.ts';
import type { JournalReads } from '../journal/journal.ts';
import type { AuthorizedPush } from './authorize.ts';
import { conflictOf } from './fit.ts';
import { unlikeRestored } from './restored-source.ts';
import { sightOf } from './sight-of.ts';

/** What a push does to the timelines of its files. */
export interface BroughtHistory {
  /** In the order of the patches; null of a patch that names no frame. */
  readonly frames: readonly (FrameRef | null)[];
  /** Undefined where no patch names a frame. */
  readonly change: SpaceChange | undefined;
}

type HistoryReads = Pick<JournalReads, 'heads' | 'versionsAt' | 'space' | 'uploads' | 'resourcesWith'>;

const none: BroughtHistory = { frames: [], change: undefined };

/**
 * Step 5, as far as history is concerned: every frame that the patches name is here or was brought, whole; it says of the
 * file what is signed of it; it belongs to the timeline of just this file, and follows what is its tip. Nothing else was
 * brought, and merges are what they say.
 *
 * @param contents of the patches, where they came along.
 * @param heard hears of the steps that it takes, and may end it.
 */
export const takeHistory = async (
  { envelope, statement, session }: AuthorizedPush,
  contents: readonly (VerifiedContent | undefined)[],
  store: HistoryReads,
  space: Space,
  heard: MergeSteps,
): Promise<Result<BroughtHistory, Problem>> => {
  if (statement.kind !== 'patch') return ok(none);
  const { patches, environment } = statement;
  if (patches.every(({ frame }) => frame === undefined))
    return ok({ ...none, frames: patches.map(() => null) });
  const place: Place = { tenant: session.tenant, environment };
  try {
    const steps = stepsUpTo(stepsOfBrought, heard);
    const pushed = pushedBytes(patches, contents);
    const sent = envelope.pushData.history ?? [];
    const taken = await takeFrames(patches, sent, pushed, place, store, space, session, steps);
    if (!taken.ok) return taken;
    const unlike = await unlikeRestored(patches, place, store, withBrought(space, taken.value.change));
    return unlike === undefined ? taken : refuse(unlike);
  } catch (error) {
    // A history that cannot be walked.
    if (error instanceof ProblemError) return refuse(under('/pushData/history', error.problem));
    throw error;
  }
};

const takeFrames = async (
  patches: readonly PatchHead[],
  sent: readonly TimelineObject[],
  pushed: ReadonlyMap<Address, Uint8Array>,
  place: Place,
  store: HistoryReads,
  space: Space,
  session: UserSession,
  steps: MergeSteps,
): Promise<Result<BroughtHistory, Problem>> => {
  const quarantine = new Quarantine(besides(space, patches, steps));
  const added = await quarantine.add(await objectsOf(sent));
  if (!added.ok) return refuse(under('/pushData/history', added.problem));

  const heads = new Map(
    (await store.heads(place, patches.map(followed))).map((head) => [head.resource, head]),
  );
  const { source } = quarantine;
  /** What frames refer to that stands in the heads, and so is here. */
  const placed = new Set<Address>();
  let isPlain = true;
  const frames: (FrameRef | null)[] = [];
  const swaps: TipSwap[] = [];
  for (const [index, patch] of patches.entries()) {
    if (patch.frame === undefined) {
      frames.push(null);
      continue;
    }
    const head = heads.get(followed(patch));
    const path = `/pushData/statement/patches/${index}`;
    const fit = await fitFrame(patch, head, place, source, space, path);
    if (!fit.ok) return fit;
    if (fit.value === 'overtaken') {
      const current = { version: head?.version ?? 0, digest: head?.digest ?? null };
      return refuse(conflictOf({ index, patch, current }));
    }
    const { ref, swap, isNext } = fit.value;
    frames.push(ref);
    if (swap !== undefined) swaps.push(swap);
    isPlain &&= isNext;
    if (swap?.from !== undefined) placed.add(swap.from).add(ref.timeline);
  }
  // The usual save: nothing is to be read, since the commit holds the tips against the swaps.
  if (isPlain && isWhole(source.objects, frames, placed, pushedBlobs(patches))) {
    const objects = [...source.objects.values()].map(({ address, bytes }) => ({ address, bytes }));
    return ok({ frames, change: { objects, swaps } });
  }
  const sight = sightOf(session, place, frames, [...heads.values()], pushedBlobs(patches), store);
  const roots = frames.flatMap((frame) => (frame === null ? [] : [frame.address]));
  const checked = await quarantine.check(
    swaps,
    async (quarantined) =>
      surplusFault(quarantined.objects, roots) ??
      (await foreignFault(quarantined, sight)) ??
      (await mergeFault(withPushed(quarantined, pushed), { steps })),
  );
  return checked.ok
    ? ok({ frames, change: checked.value })
    : refuse(under('/pushData/history', checked.problem));
};

interface FitFrame {
  readonly ref: FrameRef;
  readonly swap: TipSwap | undefined;
  /** Whether it follows the frame of the head alone, or begins the timeline. */
  readonly isNext: boolean;
}

const fitFrame = async (
  patch: PatchHead,
  head: ResourceHead | undefined,
  place: Place,
  source: ObjectSource,
  space: Pick<Space, 'tip'>,
  path: string,
): Promise<Result<FitFrame | 'overtaken', Problem>> => {
  const bad = (detail: string): Result<never, Problem> =>
    refuse(problemOf('bad-frame', { path: `${path}/frame`, resource: patch.resource, detail }));
  if (!isAddress(patch.frame)) return bad('This is no address.');
  const object = await loadFrame(source, patch.frame);
  const { address, frame, timeline, height } = object;
  if (frame.timeline === null) return bad('The first frame of a timeline is no state of a file.');
  if (isUnsettled(frame)) {
    const detail = 'The frame holds a conflict. Settle it, and push what comes of that.';
    return refuse(
      problemOf('unresolved-conflict', { path: `${path}/frame`, resource: patch.resource, detail }),
    );
  }
  const differing = disagreementWith(patch, frame);
  if (differing !== undefined) return bad(`The frame says another ${differing} than is signed beside it.`);
  if (!(await isTimelineOf(object, patch, head, place)))
    return bad('The frame is of the timeline of another file.');

  const ref = { address, timeline, height };
  const before = head?.isElsewhere === true ? null : (head?.frame ?? null);
  const [parent, ...others] = frame.parents;
  const isNext =
    others.length === 0 && parent === (before?.address ?? timeline) && height === (before?.height ?? 0) + 1;
  if (isNext)
    return ok({ ref, swap: { timeline, from: before === null ? undefined : parent, to: address }, isNext });
  const tip = await space.tip(timeline);
  if (tip === address) return ok({ ref, swap: undefined, isNext });
  const follows = tip === undefined || frame.parents.some((one) => one === tip);
  if (!follows && !(await isAncestor(source, tip, address))) return ok('overtaken');
  return ok({ ref, swap: { timeline, from: tip, to: address }, isNext });
};

/** The timeline that the file has already, or else the one that begins with its name. */
const isTimelineOf = async (
  { timeline }: FrameObject,
  patch: PatchHead,
  head: ResourceHead | undefined,
  place: Place,
): Promise<boolean> => {
  const frame = head?.frame ?? null;
  if (frame !== null && head?.isElsewhere === false) return frame.timeline === timeline;
  const after = frame !== null && isAddress(frame.address) ? frame.address : undefined;
  const { ref } = await resourceGenesis({ ...place, resource: followed(patch), after });
  return ref.timeline === timeline;
};

/** The name under which a file was known before the patch. */
const followed = ({ resource, from }: PatchHead): string => from ?? resource;

/** Whether something of it waits for a person. */
const isUnsettled = ({ data }: Frame): boolean => Object.values(data).some(isConflict);

/** Whether nothing is lacking of what came, and nothing came but the frames, their beginnings and their sources. */
const isWhole = (
  objects: ReadonlyMap<Address, ParsedObject>,
  frames: readonly (FrameRef | null)[],
  placed: ReadonlySet<Address>,
  pushed: ReadonlySet<Address>,
): boolean => {
  const named = new Set(frames.flatMap((frame) => (frame === null ? [] : [frame.address, frame.timeline])));
  const used = new Set<Address>(named);
  for (const { type, address, refers } of objects.values()) {
    if (type === 'blob') continue;
    if (type !== 'frame' || !named.has(address)) return false;
    for (const sought of refers) {
      used.add(sought);
      if (!objects.has(sought) && !placed.has(sought) && !pushed.has(sought)) return false;
    }
  }
  return [...objects.keys()].every((address) => used.has(address));
};

/** Blobs that are the contents of patches. */
const pushedBlobs = (patches: readonly PatchHead[]): ReadonlySet<Address> =>
  new Set(
    patches.flatMap(({ digest }) =>
      digest === null ? [] : [addressOfDigest('raw', branded<Digest>(digest))],
    ),
  );

/** What came along of them, under the addresses that it has as sources. */
const pushedBytes = (
  patches: readonly PatchHead[],
  contents: readonly (VerifiedContent | undefined)[],
): ReadonlyMap<Address, Uint8Array> => {
  const bytes = new Map<Address, Uint8Array>();
  for (const [index, { digest }] of patches.entries()) {
    const content = contents[index];
    if (digest === null || content === undefined || content.kind === 'deleted') continue;
    const address = addressOfDigest('raw', branded<Digest>(digest));
    bytes.set(address, content.kind === 'text' ? utf8(content.text) : content.bytes);
  }
  return bytes;
};

/** What a merge is made of may be a content of this very push. */
const withPushed = (quarantined: Quarantined, pushed: ReadonlyMap<Address, Uint8Array>): Quarantined => ({
  ...quarantined,
  get: (address) => pushed.get(address) ?? quarantined.get(address),
});

/** What is here and what comes with a push. */
const withBrought = (space: Pick<Space, 'get'>, change: SpaceChange | undefined): ObjectSource => {
  const brought = new Map(change?.objects.map(({ address, bytes }) => [address, bytes]));
  return { get: (address) => brought.get(address) ?? space.get(address) };
};

/** What is pushed travels as content: a source that is the very same is here as soon as the push is. */
const besides = (space: Space, patches: readonly PatchHead[], steps: MergeSteps): Space => {
  const pushed = pushedBlobs(patches);
  return {
    get: (address) => {
      steps(stepsPerRead);
      return space.get(address);
    },
    tip: (timeline) => space.tip(timeline),
    tips: (after, limit) => space.tips(after, limit),
    commit: (change) => space.commit(change),
    has: async (addresses) => {
      const sought = addresses.filter((address) => !pushed.has(address));
      const come = addresses.filter((address) => pushed.has(address));
      return new Set([...come, ...(sought.length === 0 ? [] : await space.has(sought))]);
    },
  };
};

const objectsOf = (sent: readonly TimelineObject[]): Promise<StoredObject[]> =>
  Promise.all(
    sent.map(async (object) => {
      if ('text' in object) return storedBlob(object.text);
      if ('base64' in object) return storedBlob(fromBase64(object.base64) ?? utf8(''));
      const bytes = utf8(object.json);
      return { address: await addressOf('json', bytes), bytes };
    }),
  );

const under = (path: string, problem: Problem): Problem => ({
  ...problem,
  path: `${path}${problem.path ?? ''}`,
});
