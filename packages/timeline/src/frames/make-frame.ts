import { ProblemError } from '@cd-push/protocol';

import type { FrameRef } from '../history/resource-frame.ts';
import type { Address } from '../objects/address.ts';
import { storedObject } from '../objects/canonical.ts';
import type { ConstantObject, FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import { frameObject, readMade } from '../objects/read-object.ts';
import type { ValueMap } from '../objects/value.ts';
import {
  constantKind,
  frameKind,
  type Constant,
  type Frame,
  type GenesisFrame,
  type LaterFrame,
  type Links,
  type MergeFacts,
} from './frame.ts';

/** What a frame says after its parents; relations in any order. */
export interface FrameContent {
  readonly data: ValueMap;
  readonly links?: Links | undefined;
}

/**
 * First frame of a timeline. Whoever begins one with the same data and relations begins the same.
 *
 * @throws {ProblemError} where the data is nothing that an object can hold.
 */
export const makeGenesis = async (data: ValueMap, links: Links = {}): Promise<FrameObject<GenesisFrame>> => {
  const frame: GenesisFrame = {
    kind: frameKind,
    timeline: null,
    height: 0,
    parents: [],
    data,
    links: inOrder(links),
  };
  const made = await make(frame);
  return frameObject(made, frame, made.refers);
};

/**
 * The frame after another, which costs the same at any height.
 *
 * @throws {ProblemError} where the data is nothing that an object can hold.
 */
export const append = async (
  { address, timeline, height }: FrameRef,
  { data, links = {} }: FrameContent,
): Promise<FrameObject<LaterFrame>> => {
  const frame: LaterFrame = {
    kind: frameKind,
    timeline,
    height: height + 1,
    parents: [address],
    data,
    links: inOrder(links),
  };
  const made = await make(frame);
  return frameObject(made, frame, made.refers);
};

/**
 * The frame in which two of a timeline come together.
 *
 * @throws {ProblemError} where the data is nothing that an object can hold, or the parents are one, or of two timelines.
 */
export const appendMerge = async (
  one: FrameRef,
  other: FrameRef,
  { data, links = {}, merge }: FrameContent & { readonly merge: MergeFacts },
): Promise<FrameObject<LaterFrame>> => {
  if (one.timeline !== other.timeline) throw new TypeError('Frames of two timelines have no common child.');
  const parents: readonly [Address, Address] =
    one.address < other.address ? [one.address, other.address] : [other.address, one.address];
  const frame: LaterFrame = {
    kind: frameKind,
    timeline: one.timeline,
    height: Math.max(one.height, other.height) + 1,
    parents,
    data,
    links: inOrder(links),
    merge: { ...merge, base: merge.base.toSorted() },
  };
  const made = await make(frame);
  return frameObject(made, frame, made.refers);
};

/** Something without a timeline. */
export const makeConstant = async (data: ValueMap, links: Links = {}): Promise<ConstantObject> => {
  const constant: Constant = { kind: constantKind, data, links: inOrder(links) };
  const { address, bytes, refers } = await make(constant);
  return { type: 'constant', address, bytes, refers, constant };
};

const make = async (object: Frame | Constant): Promise<ParsedObject> => {
  const read = readMade(await storedObject(object), { ...object });
  if (!read.ok) throw new ProblemError(read.problem);
  return read.value;
};

const inOrder = (links: Links): Links =>
  Object.fromEntries(
    Object.entries(links)
      .map(([name, addresses]) => [name, [...new Set(addresses)].toSorted()] as const)
      .filter(([, addresses]) => addresses.length > 0),
  );
