import type { TargetView } from '@cd-push/protocol';

import { printable } from '../printable.ts';
import type { Line } from './line.ts';
import { shortGuid, shortInstance } from './short-ids.ts';

/** How long a relay may take to say what they are called. */
const answerWithinMs = 2_000;

/** After this it is asked again for whom no relay knew. */
const missedForMs = 10_000;
/** Of those, how many are remembered. */
const missedAtMost = 10_000;

/** What recipients are called, for people; known a moment after the first push at the earliest. */
export class RecipientNames {
  readonly #views = new Map<string, TargetView>();

  /** Recipients that no relay knew, and when that was. */
  readonly #missed = new Map<string, number>();
  readonly #lines: readonly Line[];
  #loading: Promise<void> | undefined;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  /** Asks every relay; callers that come meanwhile share the answer. A relay that does not answer leaves names out. */
  async load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Asks again if one of these has joined since. Whom nobody knew a moment ago, nobody is asked for. */
  async learn(recipients: readonly string[]): Promise<void> {
    const isNews = (recipient: string): boolean =>
      !this.knows(recipient) && Date.now() - (this.#missed.get(recipient) ?? 0) > missedForMs;
    if (!recipients.some(isNews)) return;
    await this.load();
    const now = Date.now();
    if (this.#missed.size > missedAtMost) this.#missed.clear();
    for (const recipient of recipients) if (!this.knows(recipient)) this.#missed.set(recipient, now);
  }

  knows(recipient: string): boolean {
    return this.#views.has(recipient);
  }

  /** As `--target` takes it: `browser Chrome 153#c7ca8c`, or `Chrome 153 7c9e6679` for one that is away. */
  nameOf(recipient: string): string {
    const view = this.#viewOf(recipient);
    const instance = shortInstance(recipient);
    const guid = shortGuid(recipient);
    const label = view === undefined || view.name === '' ? guid : view.name;
    const kind = view?.kind === undefined ? '' : `${view.kind} `;
    const which = instance === undefined ? (label === guid ? '' : ` ${guid}`) : `#${instance}`;
    return printable(`${kind}${label}${which}`);
  }

  factsOf(recipient: string): { readonly name?: string; readonly kind?: 'browser' | 'node' } {
    const view = this.#viewOf(recipient);
    if (view === undefined) return {};
    return { name: view.name, ...(view.kind === undefined ? {} : { kind: view.kind }) };
  }

  /** Whether a relay knows it, and knows it to be gone. */
  isAway(recipient: string): boolean {
    return this.#views.get(recipient)?.connected === false;
  }

  /** Whether a policy keeps what is pushed from it. */
  isHeld(recipient: string): boolean {
    return this.#viewOf(recipient)?.held === true;
  }

  /** Columns that the longest name takes, up to a bound that leaves room for the stages. */
  get width(): number {
    const names = [...this.#views.keys()].map((recipient) => this.nameOf(recipient));
    return Math.min(36, Math.max(8, ...names.map(({ length }) => length)));
  }

  /** Instances are called what their credential is called, and it is enough to know one of them, or it. */
  #viewOf(recipient: string): TargetView | undefined {
    const known = this.#views.get(recipient);
    if (known !== undefined) return known;
    const [guid = recipient] = recipient.split('#', 1);
    return (
      this.#views.get(guid) ?? [...this.#views.values()].find((view) => view.recipient.startsWith(`${guid}#`))
    );
  }

  async #load(): Promise<void> {
    // A relay that went away is not waited for: names are good to have, and no more.
    const signal = AbortSignal.timeout(answerWithinMs);
    const answers = await Promise.allSettled(
      this.#lines.map(({ connection }) => connection.request('list-targets', {}, { signal })),
    );
    const found = answers
      .filter((answer) => answer.status === 'fulfilled')
      .flatMap(({ value }) => value.targets);
    // A tab that is gone is called by its name all the same; its view is as old as it is.
    const here = new Set(found.map(({ recipient }) => recipient));
    if (found.length > 0)
      for (const [recipient, view] of this.#views)
        if (!here.has(recipient)) this.#views.set(recipient, { ...view, connected: false });
    for (const view of found) this.#views.set(view.recipient, view);
  }
}
