import type { ICdPushEnvelop, PatchContent } from '@cd-push/protocol';

/** A copy of a push for those who hold the same, but for what is stamped when it is sent. */
export interface Pack {
  readonly frame: Partial<Omit<ICdPushEnvelop, 'pushData'>>;
  /** Everything else, deflated. */
  readonly bytes: Uint8Array;
}

/** What recipients of a push get, but for what is stamped when it is sent. */
export interface Parcel {
  /** Without contents. */
  readonly envelope: ICdPushEnvelop;
  /** In the order of the patches, as they came: a delta fits those alone that hold the predecessor. */
  readonly contents: readonly PatchContent[];
}
