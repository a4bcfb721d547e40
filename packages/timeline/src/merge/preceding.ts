/** UTF-16 units that a rule looks back. */
const maxLookBack = 2 * 1024;

/** What is merged already before a place, as far as rules look at it. It only grows, and costs what is added to it. */
export class Preceding {
  #end = '';
  #isInTemplate = false;

  /** Its end: what stands right before the place. */
  get end(): string {
    return this.#end;
  }

  /** The line that the place is in, up to there. */
  get line(): string {
    return this.#end.slice(this.#end.lastIndexOf('\n') + 1);
  }

  /**
   * Whether the place is inside of a template, as far as its signs are counted: one that stands alone, in a comment say, is
   * taken for the beginning of one, and what a template holds between braces for a part of it.
   */
  get isInTemplate(): boolean {
    return this.#isInTemplate;
  }

  append(text: string): void {
    for (let at = text.indexOf('`'); at >= 0; at = text.indexOf('`', at + 1)) {
      const before = at === 0 ? this.#end.at(-1) : text[at - 1];
      if (before !== '\\') this.#isInTemplate = !this.#isInTemplate;
    }
    this.#end = (this.#end + text.slice(-maxLookBack)).slice(-maxLookBack);
  }
}
