/** A row as far as its place goes. */
export interface AuditLink {
  /** Where it stands, counted from 1. */
  readonly line: number;
  readonly hash: string;
  /** Null where the line holds no row, or one that does not say. */
  readonly sequence: number | null;
  readonly previous: string | null;
  /** Whether rows of another chain stand between it and what came before of its own. */
  readonly isApart: boolean;
}

/** What a row has to say to stand next. */
export interface ExpectedPlace {
  readonly sequence: number;
  readonly previous: string | null;
}

/** Whether a row belongs in a place; where it stands among others is another question. */
export const belongsIn = ({ sequence, previous }: AuditLink, place: ExpectedPlace): boolean =>
  sequence === place.sequence && previous === place.previous;

/**
 * One node's rows as they are read. As long as each names the one before it, a row costs no more than its hash; from the
 * first that does not, what is known of the rest is kept, so that it can be told what happened.
 */
export class AuditChain {
  readonly node: string;
  readonly first: AuditLink;
  /** From the first row that does not fit to the last of the chain. */
  readonly rest: AuditLink[] = [];
  readonly #hashes: string[];
  #lastLine: number;

  constructor(node: string, first: AuditLink) {
    this.node = node;
    this.first = first;
    this.#hashes = [first.hash];
    this.#lastLine = first.line;
  }

  /** Sequence of the first row. */
  get from(): number {
    return this.first.sequence ?? 0;
  }

  /** Sequence of the last row up to which all fit. */
  get to(): number {
    return this.from + this.#hashes.length - 1;
  }

  /** Where that last row stands. */
  get lastLine(): number {
    return this.#lastLine;
  }

  /** What the row after those that fit has to say. */
  get next(): ExpectedPlace {
    return { sequence: this.to + 1, previous: this.hashAt(this.to) ?? null };
  }

  add(link: AuditLink): void {
    if (this.rest.length > 0 || link.isApart || !belongsIn(link, this.next)) {
      this.rest.push(link);
      return;
    }
    this.#hashes.push(link.hash);
    this.#lastLine = link.line;
  }

  /** Hash of a row among those that fit. */
  hashAt(sequence: number): string | undefined {
    return this.#hashes[sequence - this.from];
  }

  /** Where a row stands among those that fit: they follow each other line by line. */
  lineOf(sequence: number): number {
    return this.first.line + (sequence - this.from);
  }

  /** What a row among those that fit names as the one before it. */
  previousOf(sequence: number): string | null {
    return sequence === this.from ? this.first.previous : (this.hashAt(sequence - 1) ?? null);
  }
}
