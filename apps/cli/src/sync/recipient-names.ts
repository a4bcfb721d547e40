import type { TargetView } from '@cd-push/protocol';

import { printable } from '../talk/printable.ts';
import type { Line } from './open-lines.ts';
import { shortGuid, shortInstance } from './short-ids.ts';

/** What recipients are called, for people; known a moment after the first push at the earliest. */
export class RecipientNames {
  readonly #views = new Map<string, TargetView>();

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

  /** Asks again if one of these has joined since. */
  async learn(recipients: readonly string[]): Promise<void> {
    if (recipients.some((recipient) => !this.knows(recipient))) await this.load();
  }

  knows(recipient: string): boolean {
    return this.#views.has(recipient);
  }

  /** As `--target` takes it: `browser Chrome 153#c7ca8c`, or `Chrome 153 7c9e6679` for one that is away. */
  nameOf(recipient: string): string {
    const view = this.#views.get(recipient);
    const instance = shortInstance(recipient);
    const guid = shortGuid(recipient);
    const label = view === undefined || view.name === '' ? guid : view.name;
    const kind = view?.kind === undefined ? '' : `${view.kind} `;
    const which = instance === undefined ? (label === guid ? '' : ` ${guid}`) : `#${instance}`;
    return printable(`${kind}${label}${which}`);
  }

  factsOf(recipient: string): { readonly name?: string; readonly kind?: 'browser' | 'node' } {
    const view = this.#views.get(recipient);
    if (view === undefined) return {};
    return { name: view.name, ...(view.kind === undefined ? {} : { kind: view.kind }) };
  }

  /** Whether a relay knows it, and knows it to be gone. */
  isAway(recipient: string): boolean {
    return this.#views.get(recipient)?.connected === false;
  }

  /** Columns that the longest name takes, up to a bound that leaves room for the stages. */
  get width(): number {
    const names = [...this.#views]
      .filter(([, view]) => view.connected)
      .map(([recipient]) => this.nameOf(recipient));
    return Math.min(36, Math.max(8, ...names.map(({ length }) => length)));
  }

  async #load(): Promise<void> {
    const answers = await Promise.allSettled(
      this.#lines.map(({ connection }) => connection.request('list-targets', {})),
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
