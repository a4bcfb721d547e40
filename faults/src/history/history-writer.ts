import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import type { Said } from './event.ts';

/**
 * Notes what one participant does and sees. A line is handed to the system as a whole before the call returns, so that it
 * outlives a process that is killed right after.
 */
export class HistoryWriter {
  readonly #by: string;
  readonly #life = Math.floor(machineMs());
  readonly #file: number;
  #line = 0;

  /** @param by who tells; the lines of its earlier lives stay. */
  constructor(folder: string, by: string) {
    this.#by = by;
    this.#file = openSync(join(folder, `${by}.jsonl`), 'a');
  }

  tell(said: Said): void {
    this.#line += 1;
    const origin = {
      by: this.#by,
      life: this.#life,
      line: this.#line,
      at: Date.now(),
      machineMs: machineMs(),
    };
    const event = { ...origin, ...said };
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Milliseconds of the machine's monotonic clock. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
