import type { PatchInput } from '@cd-push/client';

import type { BaseEntry } from '../transform/base-entry.ts';
import type { Base, BaseChange } from '../transform/base.ts';

/** A file as it is now, ready to be pushed; undefined for an asset that has gone from the disk meanwhile. */
export const putOf = (base: Base, entry: BaseEntry): PatchInput | undefined => {
  const content = contentOf(base, entry);
  if (content === undefined) return undefined;
  const { resource, type: componentType, map, source } = entry;
  return { change: 'put', resource, componentType, content, map, source };
};

/** A change of the project, ready to be pushed. */
export const patchOf = (base: Base, change: BaseChange): PatchInput | undefined => {
  switch (change.change) {
    case 'put':
      return putOf(base, change.entry);
    case 'rename': {
      const put = putOf(base, change.entry);
      return put?.change === 'put' ? { ...put, change: 'rename', from: change.from } : undefined;
    }
    case 'delete':
      return { change: 'delete', resource: change.resource, componentType: change.type };
    default:
      return change satisfies never;
  }
};

const contentOf = (base: Base, { resource, content }: BaseEntry): string | Uint8Array | undefined =>
  content ?? base.bytesOf(resource);
