import type { EpochMs, ICdPushEnvelop, PatchHead, RecipientId, TrackState, Trigger } from '@cd-push/protocol';

/** Where one history of heads runs: versions of different tenants or environments never meet. */
export interface Place {
  readonly tenant: string;
  readonly environment: string;
}

/** What was signed, as it travels, and the session that signed it. */
export interface SignedParts {
  readonly statement: string;
  readonly certificate: string;
  /** Session of the certificate; its revocation takes back what it signed. */
  readonly session: string;
  readonly patches: readonly PatchHead[];
}

/** What is known of a push for as long as anybody may ask. */
export interface PushFacts {
  readonly tenant: string;
  readonly pushGuid: string;
  /** Names exactly what was sent: digest of the statement, or of what an existing client sent in place of one. */
  readonly digest: string;
  readonly carries: Trigger['carries'];
  readonly trigger: string;
  /** Event under which recipients hear it. */
  readonly emits: string;
  readonly environment: string;
  readonly sender: { readonly subject: string; readonly session: string };
  readonly initTime: EpochMs;
  readonly acceptedAt: EpochMs;
  readonly deliverBy: EpochMs;
  /** Undefined for messages of existing clients. */
  readonly signed: SignedParts | undefined;
  /** Frozen at acceptance. */
  readonly recipients: readonly RecipientId[];
}

/** A file's content, or its source map, under the digest that was signed. */
export interface Content {
  readonly digest: string;
  /** A text is given back as the same text, bytes as the same bytes. */
  readonly body: string | Uint8Array;
}

/** A frame of a resource's timeline, without what is in it. */
export interface FrameRef {
  readonly address: string;
  /** Address of its timeline's genesis. */
  readonly timeline: string;
  readonly height: number;
}

/** A push as the line accepted it; everything in it may be written down. */
export interface AcceptedPush extends PushFacts {
  /** The frames that its patches deploy, in their order; null of a patch that names none. */
  readonly frames: readonly (FrameRef | null)[];
  /** What recipients get, without contents, and but for its track, which is stamped when it is emitted. Holds no secret. */
  readonly envelope: ICdPushEnvelop;
  /** Whole contents and maps that are not in the store yet; the patches name them by their digests. */
  readonly contents: readonly Content[];
}

/** One recipient's latest attempt. */
export interface RecipientTrack {
  readonly attempt: number;
  readonly state: TrackState;
  /** Of what is owed to a credential as a whole: the instance of it that has taken this attempt for all of them. */
  readonly instance?: RecipientId | undefined;
}

/** A push as it stands in the journal. */
export interface StoredPush {
  /** Its place in the journal. */
  readonly offset: number;
  readonly facts: PushFacts;
  /** In the order of `facts.recipients`. */
  readonly tracks: ReadonlyMap<RecipientId, RecipientTrack>;
}

/** A push without its tracks: a few facts, however many its recipients are. */
export interface ListedPush {
  readonly offset: number;
  readonly facts: Omit<PushFacts, 'recipients'>;
  /** How many there are. */
  readonly recipients: number;
}

/** The version of a resource that is in place, and the push that brought it. */
export interface ResourceHead {
  readonly resource: string;
  readonly version: number;
  /** Null where the resource was deleted, or renamed away. */
  readonly digest: string | null;
  readonly offset: number;
  /** The frame that was pushed last; null where no push has named one. */
  readonly frame: FrameRef | null;
  /** Whether that frame is of the name to which the resource was renamed, which has its timeline now. */
  readonly isElsewhere: boolean;
}

/** One step of a resource's history without its content: what a receiver needs that skipped it. */
export interface HistoryStep {
  readonly version: number;
  readonly digest: string | null;
  readonly predecessor: string | null;
  readonly offset: number;
  readonly session: string;
  readonly statement: string;
  readonly certificate: string;
}

/** One version that a resource had, with the push that brought it. */
export interface StoredVersion {
  readonly resource: string;
  readonly version: number;
  /** Null where the resource was deleted, or renamed away. */
  readonly digest: string | null;
  readonly mapDigest: string | null;
  readonly predecessor: string | null;
  readonly offset: number;
  readonly pushGuid: string;
  readonly sender: PushFacts['sender'];
  readonly acceptedAt: EpochMs;
  /** Digest of the statement. */
  readonly statement: string;
  /** What was signed of it; of a name that was given up, the rename. */
  readonly patch: PatchHead;
  /** How many recipients its push has; null where no more than the signed statement is left of that. */
  readonly recipients: number | null;
}

/** What became of a resource since a place of the journal. */
export interface ResourceChange {
  /** The version in place. */
  readonly now: StoredVersion;
  /** The one that was in place there; undefined where none is known. */
  readonly before: StoredVersion | undefined;
  /** Whether there may have been one, because the first that is known follows something. */
  readonly isForgotten: boolean;
}

/** A patch does not fit the head that is in place. */
export interface Misfit {
  readonly index: number;
  readonly patch: PatchHead;
  readonly current: { readonly version: number; readonly digest: string | null };
}
