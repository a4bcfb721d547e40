/** From `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text and where it is divided: into lines, or into tokens. Nothing of it is left out between them. */
export class Parts {
  readonly text: string;
  readonly #ends: readonly number[];

  constructor(text: string, ends: readonly number[]) {
    this.text = text;
    this.#ends = ends;
  }

  get length(): number {
    return this.#ends.length;
  }

  part(index: number): string {
    return this.between({ start: index, end: index + 1 });
  }

  between({ start, end }: Span): string {
    return this.text.slice(this.#place(start), this.#place(end));
  }

  #place(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? this.text.length);
  }
}

/** Lines with their ends; the last one has none where the text does not end with one. An empty text has no lines. */
export const linesOf = (text: string): Parts => {
  const ends: number[] = [];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) ends.push(end + 1);
  if ((ends.at(-1) ?? 0) < text.length) ends.push(text.length);
  return new Parts(text, ends);
};

/** Gives equal parts equal numbers, over all texts that it is asked about. */
export class Numbering {
  readonly #numbers = new Map<string, number>();

  of(parts: Parts): Int32Array {
    const numbers = new Int32Array(parts.length);
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts.part(index);
      let number = this.#numbers.get(part);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(part, number);
      }
      numbers[index] = number;
    }
    return numbers;
  }
}
