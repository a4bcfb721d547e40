import { pointerPart, type Problem } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import { isLink, isMap } from '../objects/value.ts';
import type { TipSwap } from '../space/space.ts';
import { isConflict } from './conflict.ts';
import { isAncestor } from './descent.ts';
import { loadFrame, type ObjectSource } from './load.ts';
import { entriesOf, manifestPlaceOf, type Entries, type ManifestPlace } from './manifest.ts';

/**
 * Why a frame of a manifest does not hold, if so: an entry that is new in it is no frame of that resource, or of another
 * tenant or environment, or goes back behind what a parent names. Frames of other timelines are let through.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const manifestFault = async (
  source: ObjectSource,
  object: FrameObject,
): Promise<Problem | undefined> => {
  const { data, timeline, parents } = object.frame;
  if (timeline === null || data['entries'] === undefined) return undefined;
  const place = manifestPlaceOf(await loadFrame(source, timeline));
  if (place === undefined) return undefined;
  const bad = (detail: string, path = '/data/entries'): Problem =>
    objectProblem('bad-frame', object.address, detail, path);

  if (Object.keys(data).length > 1) return bad('A manifest says nothing besides its entries.', '/data');
  if (!isMap(data['entries'])) return bad('The entries of a manifest are links by the names of resources.');
  for (const [resource, entry] of Object.entries(data['entries'])) {
    if (!isLink(entry) && !isConflict(entry)) return bad('An entry is a link to a frame.', pathOf(resource));
  }
  const before = await Promise.all(parents.map(async (parent) => entriesOf(await loadFrame(source, parent))));
  for (const [resource, tip] of entriesOf(object)) {
    const fault = await entryFault(source, place, resource, tip, before);
    if (fault !== undefined) return bad(fault, pathOf(resource));
  }
  return undefined;
};

/**
 * Why a manifest mixes saves, if one of those that are moved does: it names a frame from before for a file that is moved with
 * it, so that the two never were in place together.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const mixtureFault = async (
  source: ObjectSource,
  swaps: readonly TipSwap[],
): Promise<Problem | undefined> => {
  const moved = new Map<Address, TipSwap>();
  const names = new Set<string>();
  const manifests: FrameObject[] = [];
  for (const swap of swaps) {
    const frame = await loadFrame(source, swap.to);
    const { resource } = frame.frame.data;
    if (typeof resource === 'string') names.add(resource);
    moved.set(swap.timeline, swap);
    if (manifestPlaceOf(await loadFrame(source, swap.timeline)) !== undefined) manifests.push(frame);
  }
  for (const manifest of manifests) {
    for (const [resource, tip] of entriesOf(manifest)) {
      if (!names.has(resource)) continue;
      const swap = moved.get((await loadFrame(source, tip)).timeline);
      if (swap === undefined || (await isBetween(source, tip, swap))) continue;
      if (await isOfMerges(source, tip, swap.to)) continue;
      const detail = 'It names a frame from before for a file that is moved with it.';
      return objectProblem('bad-frame', manifest.address, detail, pathOf(resource));
    }
  }
  return undefined;
};

const entryFault = async (
  source: ObjectSource,
  place: ManifestPlace,
  resource: string,
  tip: Address,
  before: readonly Entries[],
): Promise<string | undefined> => {
  if (before.some((entries) => entries.get(resource) === tip)) return undefined;
  if (!resource.startsWith(`/${place.module}/`)) return 'The resource is of another module.';
  const frame = await loadFrame(source, tip);
  if (frame.frame.data['resource'] !== resource) return 'The frame is of another resource.';
  const { data } = (await loadFrame(source, frame.timeline)).frame;
  if (data['tenant'] !== place.tenant || data['environment'] !== place.environment) {
    return 'The frame is of another tenant or environment.';
  }
  for (const entries of before) {
    const earlier = entries.get(resource);
    if (earlier === undefined || (await loadFrame(source, earlier)).timeline !== frame.timeline) continue;
    // A manifest that was merged may name a merge of its own; whoever saves the file has all that came together in it.
    if (!(await isMergeBelow(source, earlier, tip))) return 'The frame does not descend from the one before.';
  }
  return undefined;
};

/** Whether a frame is one by which a timeline came from where it was to where it shall be. */
const isBetween = async (source: ObjectSource, frame: Address, { from, to }: TipSwap): Promise<boolean> => {
  if (frame === to) return true;
  if (!(await isAncestor(source, frame, to))) return false;
  return from === undefined || !(await isAncestor(source, frame, from));
};

/**
 * Whether all that differs between a frame and the tip are merges: nobody has saved the file on top of it. So it is where a
 * file was saved on one side, and removed or begun on the other: tips are merged with what that side did, but there is no entry
 * to merge with.
 */
const isOfMerges = async (source: ObjectSource, named: Address, tip: Address): Promise<boolean> =>
  (await isAncestor(source, named, tip))
    ? isMergedInto(source, named, tip)
    : isMergeBelow(source, named, tip);

/** Whether each way from the tip down to one of its ancestors leads through merges alone. */
const isMergedInto = async (source: ObjectSource, ancestor: Address, tip: Address): Promise<boolean> => {
  const met = new Set([ancestor]);
  const waiting = [tip];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (met.has(address)) continue;
    met.add(address);
    const { parents } = (await loadFrame(source, address)).frame;
    if (parents.length < 2) return false;
    for (const parent of parents) if (await isAncestor(source, ancestor, parent)) waiting.push(parent);
  }
  return true;
};

/** Whether a frame is a merge of what the tip has as well, if not in the same order. */
const isMergeBelow = async (source: ObjectSource, merged: Address, tip: Address): Promise<boolean> => {
  const met = new Set<Address>();
  const waiting = [merged];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (met.has(address) || (await isAncestor(source, address, tip))) continue;
    met.add(address);
    const { parents } = (await loadFrame(source, address)).frame;
    if (parents.length < 2) return false;
    waiting.push(...parents);
  }
  return true;
};

const pathOf = (resource: string): string => `/data/entries/${pointerPart(resource)}`;
