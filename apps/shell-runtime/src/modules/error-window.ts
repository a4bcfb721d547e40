import { digestInFrame } from './module-format.ts';
import type { HealthPort } from './ports.ts';

/** Errors from before the swap that are remembered, so that they are not held against it. */
const rememberedErrors = 32;

/** Watches for errors that nobody catches, and holds against a swap those that arrive in its time. */
export class ErrorWindow {
  readonly #health: HealthPort;
  readonly #known = new Set<string>();
  #stop: (() => void) | undefined;
  #first: { readonly error: unknown } | undefined;

  constructor(health: HealthPort) {
    this.#health = health;
    health.monitor((error) => {
      if (this.#stop === undefined) this.#remember(printOf(error).print);
    });
  }

  /** @param retired Digests that the swap replaces: what they leave behind and still throws is not the new code's. */
  open(retired: ReadonlySet<string>): void {
    this.close();
    this.#stop = this.#health.observe((error) => {
      const { digest, print } = printOf(error);
      if (!retired.has(digest) && !this.#known.has(print)) this.#first ??= { error };
    });
  }

  /** The first error since `open` that counts. */
  get first(): { readonly error: unknown } | undefined {
    return this.#first;
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#first = undefined;
  }

  #remember(print: string): void {
    this.#known.add(print);
    const [oldest] = this.#known;
    if (this.#known.size > rememberedErrors && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The version that an error comes from, as far as its stack says, and what makes two errors the same one. */
const printOf = (error: unknown): { readonly digest: string; readonly print: string } => {
  const message = error instanceof Error ? error.message : String(error);
  const digest = digestInFrame.exec(error instanceof Error ? (error.stack ?? '') : '')?.[0] ?? '';
  return { digest, print: `${digest} ${message}` };
};
