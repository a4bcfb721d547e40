import type { FileVersion } from '@cd-push/protocol';

import { shownTime } from '../history/shown-time.ts';
import { versionName } from '../versions/version-name.ts';

/** What a file holds: a text, or bytes that are none. Undefined where it cannot be had any more. */
export type Held = string | Uint8Array | undefined;

/** One of the two states of a file that are compared. */
export interface Side {
  /** As people name it: `v3`, `disk`; `nothing` where the file was not there. */
  readonly name: string;
  /** Besides its name, for the head of a comparison. */
  readonly when: string;
  /** Null where the file was not there. */
  readonly digest: string | null;
  readonly bytes: number;
  /** What was pushed, or would be. */
  readonly pushed: () => Promise<Held>;
  /** The file as it was saved, where that is known. */
  readonly source: () => Promise<Held>;
  /** The version, where it is one. */
  readonly version: FileVersion | undefined;
}

/** How a version of a file is read. */
export interface VersionReads {
  readonly pushed: (version: FileVersion) => Promise<Held>;
  readonly source: (version: FileVersion) => Promise<Held>;
}

export const versionSide = (version: FileVersion, reads: VersionReads): Side => ({
  name: versionName(version),
  when: shownTime(version.acceptedAt, Date.now()),
  digest: version.digest,
  bytes: version.bytes,
  pushed: async () => (version.digest === null ? '' : reads.pushed(version)),
  source: async () => (version.digest === null ? '' : reads.source(version)),
  version,
});

/** Before the first version that there was. */
export const noSide: Side = {
  name: 'nothing',
  when: '',
  digest: null,
  bytes: 0,
  pushed: async () => '',
  source: async () => '',
  version: undefined,
};
