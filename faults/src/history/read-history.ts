import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { Compile } from 'typebox/compile';

import { EventSchema, type Event } from './event.ts';

const validator = Compile(EventSchema);

/** A history that cannot be read is none that could be checked. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}

/**
 * The events of a log file, or of all in a folder; those of one teller in their order.
 *
 * @throws HistoryError where there is none, a line is damaged, or one is missing.
 */
export const readHistory = (path: string): Event[] => {
  const events = filesOf(path).flatMap((file) => {
    const lines = new LineReader(basename(file));
    return [...lines.take(readFileSync(file, 'utf8')), ...lines.end()];
  });
  if (events.length === 0) throw new HistoryError(`${path} holds no history.`);
  requireWhole(events);
  return events;
};

const filesOf = (path: string): string[] => {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted()
      .map((name) => join(path, name));
  } catch (cause) {
    throw new HistoryError(`${path} cannot be read.`, { cause });
  }
};

/** Makes events of a text that comes in pieces. */
export class LineReader {
  readonly #name: string;
  #rest = '';
  #number = 0;

  /** @param name of the file, for errors. */
  constructor(name: string) {
    this.#name = name;
  }

  /** @throws HistoryError for a line that is no event. */
  take(piece: string): Event[] {
    const lines = `${this.#rest}${piece}`.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '').map((line) => this.#event(line));
  }

  /** What follows the last line break. */
  end(): Event[] {
    return this.take('\n');
  }

  #event(line: string): Event {
    this.#number += 1;
    const value = parsed(line);
    if (validator.Check(value)) return value;
    throw new HistoryError(`Line ${this.#number} of ${this.#name} is no event: ${line.slice(0, 200)}`);
  }
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
};

const requireWhole = (events: readonly Event[]): void => {
  const last = new Map<string, number>();
  for (const { by, life, line } of events) {
    const teller = `life ${life} of ${by}`;
    const before = last.get(teller) ?? 0;
    if (line !== before + 1)
      throw new HistoryError(`The log of ${teller} goes on with line ${line} after line ${before}.`);
    last.set(teller, line);
  }
};
