import type { RestoreInput } from '@cd-push/client';
import { limits } from '@cd-push/protocol';

import type { PlannedFile } from './plan.ts';

/** A file's part of the push that rolls it back: it names what comes back, and brings nothing. */
export const restoreInput = ({ resource, now, before, from }: PlannedFile): RestoreInput => {
  if (before === null)
    return { change: 'restore', resource, componentType: now.componentType, restores: 0, held: null };
  const { componentType, version, digest, bytes, mapDigest, frame, source } = before;
  const held = digest === null ? null : { digest, bytes, ...(mapDigest === undefined ? {} : { mapDigest }) };
  return {
    change: 'restore',
    resource,
    componentType,
    restores: version,
    held,
    ...(from === undefined ? {} : { from }),
    ...(frame === undefined ? {} : { frame }),
    ...(source === undefined ? {} : { source }),
  };
};

/** Files in pushes that a relay takes: nearly always one. Each is applied all or nothing. */
export const inPushes = (files: readonly PlannedFile[]): PlannedFile[][] => {
  const pushes: PlannedFile[][] = [];
  let current: PlannedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    const size = (file.before?.bytes ?? 0) + (file.before?.mapBytes ?? 0);
    if (current.length > 0 && (current.length === limits.patches || bytes + size > limits.contentBytes)) {
      pushes.push(current);
      current = [];
      bytes = 0;
    }
    current.push(file);
    bytes += size;
  }
  return current.length === 0 ? pushes : [...pushes, current];
};
