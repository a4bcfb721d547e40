import type { ConfigHandle } from '../../components/config.ts';
import type { RegisterOperation } from '../../components/operations.ts';
import type { FileHandle, TextHandle } from './files.ts';
import type { ToldEvents } from './messages.ts';

/** What the modules of a Node program get from `import { runtime } from 'cd-push:runtime'`. */
export interface NodeAppRuntime {
  /** The value of a JSON file, and word of each new one. */
  config(resource: string): ConfigHandle;
  /** The text of a template, a style sheet or any other file, and word of each new one. */
  text(resource: string): TextHandle;
  /** A path at which an asset's bytes are to be had, and word of each new one. */
  file(resource: string): FileHandle;
  /**
   * Registers an operation that those who may push can have executed here. It is called with arguments that fit the
   * schema, and counts as failed if it throws or rejects.
   *
   * @returns withdraws it.
   */
  readonly command: RegisterOperation;
  /** @returns ends the listening. */
  on<Event extends keyof ToldEvents>(
    event: Event,
    listener: (payload: ToldEvents[Event]) => void,
  ): () => void;
  state(): { readonly retainedBytes: number };
}
