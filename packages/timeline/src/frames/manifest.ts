import type { Address } from '../objects/address.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import { isLink, isMap, linkTo } from '../objects/value.ts';
import type { Space, SpaceChange } from '../space/space.ts';
import type { GenesisFrame, LaterFrame } from './frame.ts';
import { loadFrame } from './load.ts';
import { append, makeGenesis } from './make-frame.ts';

/** Whose files a manifest names. */
export interface ManifestPlace {
  readonly tenant: string;
  readonly environment: string;
  readonly module: string;
}

/** Tips by the names of their resources. */
export type Entries = ReadonlyMap<string, Address>;

/** What changes in a manifest with one save of any number of files. */
export interface EntryChanges {
  readonly put?: Entries | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** First frame of a module's manifest, which is the same for everybody: it has no entries. */
export const manifestGenesis = ({
  tenant,
  environment,
  module,
}: ManifestPlace): Promise<FrameObject<GenesisFrame>> => makeGenesis({ tenant, environment, module });

/** Whether a frame begins a manifest, and of what. */
export const manifestPlaceOf = ({ frame }: FrameObject): ManifestPlace | undefined => {
  const { tenant, environment, module, ...more } = frame.data;
  return frame.timeline === null &&
    typeof tenant === 'string' &&
    typeof environment === 'string' &&
    typeof module === 'string' &&
    Object.keys(more).length === 0
    ? { tenant, environment, module }
    : undefined;
};

/** What a manifest's frame names; what is in conflict in it names nothing. */
export const entriesOf = ({ frame }: FrameObject): Entries => {
  const { entries } = frame.data;
  if (entries === undefined || !isMap(entries)) return new Map();
  return new Map(
    Object.entries(entries).flatMap(([resource, tip]) => (isLink(tip) ? [[resource, tip['/']]] : [])),
  );
};

/** The next frame of a manifest. What is in conflict and not changed stays in conflict. */
export const appendEntries = (
  parent: FrameObject,
  { put = new Map(), remove = [] }: EntryChanges,
): Promise<FrameObject<LaterFrame>> => {
  const { entries: before } = parent.frame.data;
  const entries = new Map(before !== undefined && isMap(before) ? Object.entries(before) : []);
  for (const [resource, tip] of put) entries.set(resource, linkTo(tip));
  for (const resource of remove) entries.delete(resource);
  return append(parent, { data: { entries: Object.fromEntries(entries) } });
};

/**
 * What moves a module's manifest on in a space. Committed in one change with the frames that it names, it saves several files
 * at once: `tip-moved` where somebody else has saved some meanwhile.
 */
export const advanceManifest = async (
  space: Space,
  place: ManifestPlace,
  changes: EntryChanges,
): Promise<SpaceChange> => {
  const genesis = await manifestGenesis(place);
  const from = await space.tip(genesis.address);
  const parent = from === undefined ? genesis : await loadFrame(space, from);
  const frame = await appendEntries(parent, changes);
  return {
    objects: from === undefined ? [genesis, frame] : [frame],
    swaps: [{ timeline: genesis.address, from, to: frame.address }],
  };
};
