import type { PatchInput, PreparedFrame } from '@cd-push/client';
import type { ComponentType, Digest, PatchHead } from '@cd-push/protocol';
import {
  appendMerge,
  canonicalText,
  conflictKind,
  dataOf,
  disagreementWith,
  isAncestor,
  linkTo,
  loadFrame,
  loadObject,
  mergeBases,
  mergeFrames,
  nextFrame,
  sourceOf,
  storedBlob,
  type Address,
  type FrameRef,
  type FrameObject,
  type LaterFrame,
  type ObjectSource,
  type ResourceOrigin,
  type Space,
  type StoredObject,
  type SyntaxCheck,
} from '@cd-push/timeline';

import { putOf } from '../project/patches.ts';
import { contentDigest } from '../transform/content-digest.ts';
import { componentTypeOf } from '../transform/component-type.ts';
import type { Base } from '../transform/base.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';
import type { Basis } from './working-copy.ts';

/** A save with its frame upon what the file on the disk is based on. */
export interface SavedFrame {
  readonly basis: Basis;
  readonly prepared: PreparedFrame;
}

type Change = Pick<PatchHead, 'resource' | 'componentType' | 'change' | 'digest' | 'mapDigest' | 'from'>;

/** What is signed of a file's change, but for its place. */
const changeOf = (patch: PatchInput): Change => {
  const { resource, componentType } = patch;
  if (patch.change === 'delete') return { resource, componentType, change: 'delete', digest: null };
  const made = {
    resource,
    componentType,
    digest: contentDigest(patch.content),
    ...(patch.map === undefined ? {} : { mapDigest: contentDigest(patch.map) }),
  };
  return patch.change === 'rename'
    ? { ...made, change: 'rename', from: patch.from }
    : { ...made, change: 'put' };
};

/** The frame of a save, upon a parent or at the beginning of a timeline. */
export const frameSave = async (
  patch: PatchInput,
  origin: ResourceOrigin,
  parent: FrameRef | undefined,
): Promise<SavedFrame> => {
  const change = changeOf(patch);
  const source = patch.change === 'delete' ? null : await storedBlob(patch.source ?? patch.content);
  const { ref, objects } = await nextFrame({
    origin,
    patch: change,
    source: source?.address ?? null,
    parent,
  });
  return {
    basis: { frame: ref, digest: digestIn(change), source: source?.address ?? null },
    prepared: { ref, objects: source === null ? objects : [source, ...objects] },
  };
};

/** What a digest is of that was just made, or signed. */
const digestIn = ({ digest }: Pick<PatchHead, 'digest'>): Digest | null =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was made by contentDigest
  digest as Digest | null;

/** In what a save and what is in place come together. */
export type SaveMerge =
  /** To be pushed; `bytes` is what the file says then, null where it is gone. */
  | {
      readonly kind: 'merged';
      readonly patch: PatchInput;
      readonly basis: Basis;
      readonly bytes: Uint8Array | null;
    }
  /** The save adds nothing to what is in place. */
  | { readonly kind: 'nothing' }
  /** Nobody but people can merge it; the frame and what belongs to it hold all sides. */
  | {
      readonly kind: 'conflict';
      readonly frame: Address;
      readonly objects: readonly StoredObject[];
      /** Where the texts go together, and what comes out cannot be pushed. */
      readonly fault?: PatchProblem | undefined;
    };

export interface SaveMergePorts {
  readonly space: Space;
  readonly base: Base;
  readonly syntax: SyntaxCheck;
}

/**
 * Merges a save with what is in place. The merge frame is the one that everybody makes of the two; what is pushed of it is a
 * frame of its own upon it, unless it has nothing that one side did not push.
 */
export const mergeSave = async (
  { space, base, syntax }: SaveMergePorts,
  patch: PatchInput,
  ours: SavedFrame,
  theirs: FrameRef,
): Promise<SaveMerge> => {
  const source = withObjects(space, ours.prepared.objects);
  const merge = await mergeFrames(source, ours.prepared.ref.address, theirs.address, syntax);
  if (merge.address === theirs.address) return { kind: 'nothing' };
  const { address: frame, objects } = merge;
  if (merge.conflicts.length > 0) return { kind: 'conflict', frame, objects };
  const whole = withObjects(source, objects);
  const merged = await laterFrame(whole, frame);
  const text = sourceOf(merged.frame);
  const bytes = text === undefined ? null : await bytesOf(whole, text);
  const made = renamed(remade(base, patch.resource, bytes), patch);
  if ('fault' in made) {
    const conflict = await conflictOf(source, ours.prepared.ref, theirs, merged);
    return { kind: 'conflict', frame: conflict.address, objects: [conflict], fault: made.fault };
  }
  const brought = [...ours.prepared.objects, ...objects];
  const change = changeOf(made.patch);
  const basis = { digest: digestIn(change), source: text ?? null };
  if (disagreementWith(change, merged.frame) === undefined) {
    const ref = { address: frame, timeline: merged.timeline, height: merged.height };
    const prepared = { ref, objects: brought };
    return { kind: 'merged', patch: { ...made.patch, prepared }, basis: { ...basis, frame: ref }, bytes };
  }
  const parent = { address: frame, timeline: merged.timeline, height: merged.height };
  const next = await nextFrame({ origin: noOrigin, patch: change, source: text ?? null, parent });
  const prepared = { ref: next.ref, objects: [...brought, ...next.objects] };
  return { kind: 'merged', patch: { ...made.patch, prepared }, basis: { ...basis, frame: next.ref }, bytes };
};

/** What is pushed of a file that says this. */
export const remade = (base: Base, resource: string, bytes: Uint8Array | null): Remade => {
  if (bytes === null)
    return { patch: { change: 'delete', resource, componentType: componentTypeOf(resource) } };
  const done = base.transformed(resource, bytes);
  if (!done.ok) return { fault: done.problem };
  const isAsset = done.value.content === undefined;
  const put = isAsset ? undefined : putOf(base, done.value);
  return { patch: put ?? assetOf(resource, done.value.type, bytes) };
};

type Remade = { readonly patch: PatchInput } | { readonly fault: PatchProblem };

/** A file that was renamed as it was saved is so when it was merged. */
const renamed = (made: Remade, before: PatchInput): Remade =>
  'patch' in made && made.patch.change === 'put' && before.change === 'rename'
    ? { patch: { ...made.patch, change: 'rename', from: before.from } }
    : made;

/**
 * The frame in which two sides come together as a person has settled it.
 *
 * @param source has both, and all that they follow.
 */
export const frameSettled = async (
  source: ObjectSource,
  patch: PatchInput,
  ours: FrameRef,
  theirs: FrameRef,
): Promise<SavedFrame> => {
  const change = changeOf(patch);
  const blob = patch.change === 'delete' ? null : await storedBlob(patch.source ?? patch.content);
  const frame = await appendMerge(ours, theirs, {
    data: dataOf(change, blob?.address ?? null),
    merge: {
      base: await mergeBases(source, ours.address, theirs.address),
      graftbase: theirs.address,
      graftorphan: ours.address,
      algorithm: byHand,
      syntax: null,
    },
  });
  const ref = { address: frame.address, timeline: frame.timeline, height: frame.height };
  const objects = await lacking(source, ours.address, theirs.address);
  return {
    basis: { frame: ref, digest: digestIn(change), source: blob?.address ?? null },
    prepared: { ref, objects: [...objects, ...(blob === null ? [] : [blob]), plain(frame)] },
  };
};

/** Frames of this side's that are no part of the other's history, with their sources. */
const lacking = async (
  source: ObjectSource,
  ours: Address,
  theirs: Address,
): Promise<readonly StoredObject[]> => {
  const objects: StoredObject[] = [];
  for (const waiting = [ours]; ;) {
    const address = waiting.pop();
    if (address === undefined) return objects;
    if (await isAncestor(source, address, theirs)) continue;
    const frame = await loadFrame(source, address);
    const blob = sourceOf(frame.frame);
    if (blob !== undefined) objects.push({ address: blob, bytes: await bytesOf(source, blob) });
    objects.push(plain(frame));
    waiting.push(...frame.frame.parents);
  }
};

const plain = ({ address, bytes }: StoredObject): StoredObject => ({ address, bytes });

/** An asset that is not on the disk as it shall be pushed. */
const assetOf = (resource: string, componentType: ComponentType, content: Uint8Array): PatchInput => ({
  change: 'put',
  resource,
  componentType,
  content,
});

/** Both sides whole, where lines go together and the whole makes no sense. */
const conflictOf = async (
  source: ObjectSource,
  ours: FrameRef,
  theirs: FrameRef,
  merged: FrameObject<LaterFrame>,
): Promise<FrameObject> => {
  const [one, other] = [await loadFrame(source, ours.address), await loadFrame(source, theirs.address)];
  const [first] = await mergeBases(source, ours.address, theirs.address);
  const was = first === undefined ? undefined : sourceOf((await loadFrame(source, first)).frame);
  const sides = [sourceOf(one.frame), sourceOf(other.frame)]
    .map((side) => (side === undefined ? null : linkTo(side)))
    .toSorted((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1));
  const { merge } = merged.frame;
  if (merge === undefined) throw new TypeError('This frame merges nothing.');
  return appendMerge(ours, theirs, {
    data: {
      ...merged.frame.data,
      source: {
        kind: conflictKind,
        base: was === undefined ? null : linkTo(was),
        sides,
      },
    },
    links: merged.frame.links,
    merge: { ...merge, algorithm: byHand },
  });
};

/** Of merges that people have settled: nobody can make them again. */
const byHand = 'by-hand';

/** Of a frame that has a parent, nothing is asked of where its timeline begins. */
const noOrigin: ResourceOrigin = { tenant: '', environment: '', resource: '' };

/** What a space has, and these objects. */
const withObjects = (source: ObjectSource, objects: readonly StoredObject[]): ObjectSource => {
  const bytes = new Map(objects.map((object) => [object.address, object.bytes]));
  return { get: (address) => bytes.get(address) ?? source.get(address) };
};

/** A frame that is not the first of its timeline. */
export const laterFrame = async (
  source: ObjectSource,
  address: Address,
): Promise<FrameObject<LaterFrame>> => {
  const object = await loadFrame(source, address);
  const { frame } = object;
  if (frame.timeline === null) throw new TypeError('The first frame of a timeline is no state of a file.');
  return { ...object, frame };
};

export const bytesOf = async (source: ObjectSource, address: Address): Promise<Uint8Array> =>
  (await loadObject(source, address)).bytes;
