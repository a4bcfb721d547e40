import type { PatchHead } from '@cd-push/protocol';

import type { Frame, GenesisFrame, LaterFrame, Links } from '../frames/frame.ts';
import { isAddress, type Address } from '../objects/address.ts';
import { storedObject } from '../objects/canonical.ts';
import { isLink, linkTo, type ValueMap } from '../objects/value.ts';
import type { StoredObject } from '../space/space.ts';

/** A frame without its content: all that it takes to make the next one. */
export interface FrameRef {
  readonly address: Address;
  /** Address of the genesis. */
  readonly timeline: Address;
  readonly height: number;
}

/** What a resource's timeline begins with. Whoever begins it makes the same address. */
export interface ResourceOrigin {
  readonly tenant: string;
  readonly environment: string;
  readonly resource: string;
  /** The frame with which another timeline left this name, where there was one before. */
  readonly after?: Address | undefined;
}

/** What is signed of a file, but for the frame that it gets. */
type Change = Pick<PatchHead, 'resource' | 'componentType' | 'change' | 'digest' | 'mapDigest' | 'from'>;

export interface NextFrame {
  readonly origin: ResourceOrigin;
  readonly patch: Change;
  /** Blob of the file as it was saved; null of one that is deleted. What was made of it is named by the patch's digest. */
  readonly source: Address | null;
  /** Undefined where the timeline begins with this change. */
  readonly parent: FrameRef | undefined;
  /** Frame whose content is brought back by this one. */
  readonly restores?: Address | undefined;
}

/** First frame of a resource's timeline. */
export const resourceGenesis = async (
  origin: ResourceOrigin,
): Promise<{ readonly ref: FrameRef; readonly object: StoredObject }> => {
  const { tenant, environment, resource, after } = origin;
  const genesis: GenesisFrame = {
    kind: 'cd-push/frame/1',
    timeline: null,
    height: 0,
    parents: [],
    data: { tenant, environment, resource },
    links: after === undefined ? {} : { after: [after] },
  };
  const object = await storedObject(genesis);
  return { ref: { address: object.address, timeline: object.address, height: 0 }, object };
};

/** The frame of one save upon the frame that is in place, with the objects that it adds. */
export const nextFrame = async ({
  origin,
  patch,
  source,
  parent,
  restores,
}: NextFrame): Promise<{ readonly ref: FrameRef; readonly objects: readonly StoredObject[] }> => {
  const before = parent === undefined ? await resourceGenesis(origin) : { ref: parent, object: undefined };
  const { address, timeline, height } = before.ref;
  const frame: LaterFrame = {
    kind: 'cd-push/frame/1',
    timeline,
    height: height + 1,
    parents: [address],
    data: dataOf(patch, source),
    links: linksOf(restores),
  };
  const object = await storedObject(frame);
  return {
    ref: { address: object.address, timeline, height: frame.height },
    objects: before.object === undefined ? [object] : [before.object, object],
  };
};

/** What a frame says of a resource: what merges, and what was pushed of it. */
export const dataOf = (
  { resource, componentType, change, digest, mapDigest, from }: Change,
  source: Address | null,
): ValueMap => ({
  resource,
  componentType,
  change,
  digest,
  ...(mapDigest === undefined ? {} : { mapDigest }),
  ...(from === undefined ? {} : { from }),
  ...(source === null ? {} : { source: linkTo(source) }),
});

/** Blob of the file as it was saved, if the frame has one. */
export const sourceOf = ({ data }: Pick<Frame, 'data'>): Address | undefined => {
  const { source } = data;
  return isLink(source) ? source['/'] : undefined;
};

/** Member of a frame that says something else than the patch that names the frame, if there is one. */
export const disagreementWith = (patch: Change, { data }: LaterFrame): string | undefined => {
  const said: Readonly<Record<string, unknown>> = dataOf(patch, null);
  for (const member of ['resource', 'componentType', 'change', 'digest', 'mapDigest', 'from'])
    if (said[member] !== data[member]) return member;
  if (patch.digest !== null && !isLink(data['source'])) return 'source';
  return undefined;
};

const linksOf = (restores: Address | undefined): Links =>
  restores === undefined ? {} : { restores: [restores] };

/** A reference as it arrives, or undefined where it is none. */
export const frameRefOf = (said: {
  readonly address: string;
  readonly timeline: string;
  readonly height: number;
}): FrameRef | undefined =>
  isAddress(said.address) && isAddress(said.timeline)
    ? { address: said.address, timeline: said.timeline, height: said.height }
    : undefined;
