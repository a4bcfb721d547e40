import {
  isLink,
  makeGenesis,
  manifestGenesis,
  readAddress,
  type FrameObject,
  type GenesisFrame,
  type ValueMap,
} from '@cd-push/timeline';

/** Of whom all files are. */
const owner = { tenant: 'tenant', environment: 'environment' } as const;
const module = 'app';

/** Few, so that several begin the same one. */
export const fileNames = ['/app/one.ts', '/app/two.ts'] as const;

type Genesis = Promise<FrameObject<GenesisFrame>>;

const begun = new Map(
  fileNames.map((resource): readonly [string, Genesis] => [resource, makeGenesis({ ...owner, resource })]),
);
const manifest = manifestGenesis({ ...owner, module });

/** First frame of a file's timeline, as everybody makes it. */
export const beginFile = (resource: string): Genesis =>
  begun.get(resource) ?? makeGenesis({ ...owner, resource });

/** First frame of the manifest that names the files. */
export const beginManifest = (): Genesis => manifest;

/** What a save of a file says besides: what was done with it, and the digest of what is pushed, which is the source here. */
export const asSaved = (data: ValueMap): ValueMap => {
  const { resource, source } = data;
  if (typeof resource !== 'string') return data;
  const read = source !== undefined && isLink(source) ? readAddress(source['/']) : undefined;
  return { ...data, change: 'put', digest: read?.digest ?? null };
};

export const asDeleted = (resource: string): ValueMap => ({ resource, change: 'delete', digest: null });
