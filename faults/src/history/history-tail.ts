import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

import type { Event } from './event.ts';
import { LineReader } from './read-history.ts';

interface OpenLog {
  readonly file: number;
  readonly lines: LineReader;
  readonly decoder: TextDecoder;
}

/** Reads a history while it is written. */
export class HistoryTail {
  readonly #folder: string;
  readonly #logs = new Map<string, OpenLog>();
  readonly #buffer = Buffer.alloc(256 * 1024);

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What was written since the last time; those of one teller in their order. */
  take(): Event[] {
    for (const name of readdirSync(this.#folder)) {
      if (this.#logs.has(name)) continue;
      const file = openSync(join(this.#folder, name), 'r');
      this.#logs.set(name, { file, lines: new LineReader(name), decoder: new TextDecoder() });
    }
    return [...this.#logs.values()].flatMap((log) => this.#takeFrom(log));
  }

  close(): void {
    for (const { file } of this.#logs.values()) closeSync(file);
    this.#logs.clear();
  }

  #takeFrom({ file, lines, decoder }: OpenLog): Event[] {
    const events: Event[] = [];
    for (;;) {
      const length = readSync(file, this.#buffer, 0, this.#buffer.length, null);
      if (length === 0) return events;
      events.push(...lines.take(decoder.decode(this.#buffer.subarray(0, length), { stream: true })));
    }
  }
}
