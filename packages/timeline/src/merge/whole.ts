import type { Hunk } from './merge-lines.ts';
import { isTelling, wordsOf } from './tokens.ts';

/** The whole of the three texts, for what a hunk alone does not tell. Nothing is counted before it is asked for. */
export class Whole {
  readonly #texts: Hunk;
  #words: ReadonlySet<string> | undefined;
  readonly #lines = new Map<keyof Hunk, ReadonlyMap<string, number>>();

  constructor(texts: Hunk) {
    this.#texts = texts;
  }

  /** Words of the base. */
  get words(): ReadonlySet<string> {
    return (this.#words ??= new Set(wordsOf(this.#texts.base)));
  }

  /**
   * Whether one side has moved lines elsewhere that the other has changed in their place: what it did to them would be done
   * to nothing, and they would stand where they are now as they were.
   */
  hasMoved({ base, ours, theirs }: Hunk): boolean {
    const [one, other] = [countsOf(ours), countsOf(theirs)];
    for (const [line, times] of countsOf(base)) {
      if ((one.get(line) ?? 0) >= times || (other.get(line) ?? 0) >= times || !isTelling(line)) continue;
      const before = this.#times('base', line);
      if (this.#times('ours', line) >= before || this.#times('theirs', line) >= before) return true;
    }
    return false;
  }

  /** Whether a side has put in a line, wherever it is. */
  hasPut(side: 'ours' | 'theirs', line: string): boolean {
    return this.#times('base', line) === 0 && this.#times(side, line) > 0;
  }

  #times(side: keyof Hunk, line: string): number {
    let lines = this.#lines.get(side);
    if (lines === undefined) {
      lines = countsOf(this.#texts[side]);
      this.#lines.set(side, lines);
    }
    return lines.get(line) ?? 0;
  }
}

/** How often each line is there, however it is indented. */
const countsOf = (text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    counts.set(trimmed, (counts.get(trimmed) ?? 0) + 1);
  }
  return counts;
};
