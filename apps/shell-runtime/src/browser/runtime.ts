import type { Problem } from '@cd-push/protocol';

import type { ConfigHandle } from '../components/config.ts';
import type { RegisterOperation } from '../components/operations.ts';

/** How the page is connected. */
export type RuntimeLink =
  | { readonly state: 'connecting' | 'connected' | 'closed' }
  /** Pushes do not come, and will not until something is changed. */
  | { readonly state: 'refused'; readonly problem: Problem };

export interface RuntimeState {
  readonly module: string;
  /** Digest of the served base. */
  readonly base: string | null;
  /** This tab; stays the same over a reload. */
  readonly instance: string;
  /** `guid#instance` once the relay has said so. */
  readonly recipient: string | undefined;
  readonly link: RuntimeLink;
  /** What stands above the base: resource to version and digest, null where it is deleted. */
  readonly applied: Readonly<Record<string, { readonly version: number; readonly digest: string | null }>>;
  /** Resources whose newest version waits for the next start. */
  readonly pending: readonly string[];
  /** UTF-16 units of source that the browser keeps until the page ends, because no platform can unload a module. */
  readonly retainedBytes: number;
  /** Whether that is above its bound, so that a reload is due. */
  readonly restartAsked: boolean;
}

export interface RuntimeEvents {
  applied: {
    readonly pushGuid: string;
    readonly resources: readonly string[];
    readonly signer: string;
    readonly silent: boolean;
  };
  failed: { readonly problem: Problem; readonly resources: readonly string[] };
  notice: { readonly text: string; readonly from: string };
}

/** The runtime as the app sees it; modules get it by `import { runtime } from 'cd-push:runtime'`. */
export interface Runtime {
  /** A configuration file by its resource, for example `/shop/config.json`. */
  config(resource: string): ConfigHandle;
  /**
   * Offers an operation to those who may push. Its arguments are held against the schema before `run` is called; what it
   * throws is reported as its failure.
   *
   * @returns withdraws it.
   */
  readonly command: RegisterOperation;
  /**
   * Shows a template in an element, now and whenever it changes. What the program changes in it is kept as long as the
   * template itself says the same.
   *
   * @returns when the element shows the version in place.
   */
  template(resource: string, host: Element): Promise<void>;
  /** Address at which an asset's current bytes are to be had; it changes with every push of it. */
  asset(resource: string): string;
  state(): RuntimeState;
  /** @returns ends the listening. */
  on<Event extends keyof RuntimeEvents>(
    event: Event,
    listener: (payload: RuntimeEvents[Event]) => void,
  ): () => void;
  /** Ends the connection; what runs, runs on. */
  close(): void;
}
