import type { ComponentType, Target } from '@cd-push/protocol';

/** One file's change, as a sender gives it. */
export type PatchInput = PutInput | DeleteInput | RenameInput;

interface PatchFacts {
  /** Canonical name, `/<module>/<path>`. */
  readonly resource: string;
  readonly componentType: ComponentType;
}
/** The file has this content now. */
export interface PutInput extends PatchFacts {
  readonly change: 'put';
  /** Text as it will run (modules already transformed), or the bytes of an asset. */
  readonly content: string | Uint8Array;
  /** Source map beside a text, as JSON. */
  readonly map?: string | undefined;
}
/** The file is gone. */
export interface DeleteInput extends PatchFacts {
  readonly change: 'delete';
}
/** The file has another name, and this content. */
export interface RenameInput extends PatchFacts {
  readonly change: 'rename';
  /** Its name before. */
  readonly from: string;
  readonly content: string | Uint8Array;
  readonly map?: string | undefined;
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
  readonly patches: readonly PatchInput[];
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
