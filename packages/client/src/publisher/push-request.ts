import type { ComponentType, Target } from '@cd-push/protocol';
import type { FrameRef, StoredObject } from '@cd-push/timeline';

/** One file's change, as a sender gives it. */
export type PatchInput = PutInput | DeleteInput | RenameInput;

interface PatchFacts {
  /** Canonical name, `/<module>/<path>`. */
  readonly resource: string;
  readonly componentType: ComponentType;
}
interface ChangeFacts extends PatchFacts {
  /** Its place in history, where the sender says it; by default a frame upon what is in place. */
  readonly prepared?: PreparedFrame | undefined;
}
/** A frame that says of the file what is pushed, made upon what the sender knows: of a merge, or upon an older frame. */
export interface PreparedFrame {
  readonly ref: FrameRef;
  /** The frame itself, and whatever it needs and the relay may lack; of sources, those that are not what is pushed. */
  readonly objects: readonly StoredObject[];
}
/** The file has this content now. */
export interface PutInput extends ChangeFacts {
  readonly change: 'put';
  /** Text as it will run (modules already transformed), or the bytes of an asset. */
  readonly content: string | Uint8Array;
  /** Source map beside a text, as JSON. */
  readonly map?: string | undefined;
  /** The file as it was saved, where `content` was made of it: what is compared and merged. `content` by default. */
  readonly source?: string | Uint8Array | undefined;
}
/** The file is gone. */
export interface DeleteInput extends ChangeFacts {
  readonly change: 'delete';
}
/** The file has another name, and this content. */
export interface RenameInput extends ChangeFacts {
  readonly change: 'rename';
  /** Its name before. */
  readonly from: string;
  readonly content: string | Uint8Array;
  readonly map?: string | undefined;
  readonly source?: string | Uint8Array | undefined;
}

/**
 * An earlier version of the file comes back, as the next one. Nothing is brought: content and source map lie at the relay
 * under their digests.
 */
export interface RestoreInput extends PatchFacts {
  readonly change: 'restore';
  /** The version; 0 stands for what was there before the first one. */
  readonly restores: number;
  /** What it held, as it was signed; null where the file was gone, and for version 0. */
  readonly held: {
    readonly digest: string;
    readonly bytes: number;
    readonly mapDigest?: string | undefined;
  } | null;
  /** The name that the file has now, where it goes back to this one with it. */
  readonly from?: string | undefined;
  /** Address of the file as it was saved then, and of the frame that was deployed, where it has one. */
  readonly source?: string | undefined;
  readonly frame?: string | undefined;
}

/** To whom and how something is sent. */
export interface Delivery {
  readonly environment: string;
  readonly targets: readonly Target[];
  /** Shows nothing to the people in front of the runtimes. */
  readonly silent?: boolean;
  /** When what is sent came about (a file was saved), on this machine's clock; now by default. */
  readonly initTime?: number;
  /** Milliseconds for which absent recipients are waited for; 7 days by default. */
  readonly deliverWithinMs?: number;
  /** Given where one push goes through several relays; made here by default. */
  readonly pushGuid?: string;
}

/** Files that change together: all of them or none. */
export interface PushRequest extends Delivery {
  /** Registered trigger, `cli` by default. */
  readonly trigger?: string;
  /** Event that the registry pairs with the trigger; known for the built-in ones. */
  readonly emits?: string;
  readonly patches: readonly (PatchInput | RestoreInput)[];
  /** Hears how much is at the relay of what does not fit the push itself, from nothing of it to all. */
  readonly onUpload?: (progress: UploadProgress) => void;
}

/** How far the contents of a push are that travel by themselves. */
export interface UploadProgress {
  readonly bytes: number;
  readonly bytesInAll: number;
}

/** People in front of the runtimes are told something. */
export interface NotifyRequest extends Delivery {
  readonly message: string;
}

/** An operation that the app registered is run. */
export interface OperateRequest extends Delivery {
  readonly operation: string;
  /** Anything that JSON can hold; the app's schema for the operation decides. */
  readonly args?: unknown;
}

/** Anything that is pushed, under its kind. */
export type AnyRequest =
  | ({ readonly kind: 'patch' } & PushRequest)
  | ({ readonly kind: 'notice' } & NotifyRequest)
  | ({ readonly kind: 'operation' } & OperateRequest);
