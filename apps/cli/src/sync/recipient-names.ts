import type { TargetView } from '@cd-push/protocol';

import { printable } from '../talk/printable.ts';
import type { Line } from './open-lines.ts';

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
    if (recipients.some((recipient) => !this.#views.has(recipient))) await this.load();
  }

  nameOf(recipient: string): string {
    const view = this.#views.get(recipient);
    const [guid = recipient, instance] = recipient.split('#', 2);
    const label = view === undefined || view.name === '' ? guid : view.name;
    const which = instance === undefined ? '' : `#${instance.slice(0, 6)}`;
    return printable(view?.kind === undefined ? `${label}${which}` : `${view.kind} ${label}${which}`);
  }

  factsOf(recipient: string): { readonly name?: string; readonly kind?: 'browser' | 'node' } {
    const view = this.#views.get(recipient);
    if (view === undefined) return {};
    return { name: view.name, ...(view.kind === undefined ? {} : { kind: view.kind }) };
  }

  /** Columns that the longest name takes, up to a bound that leaves room for the stages. */
  get width(): number {
    return Math.min(
      40,
      Math.max(8, ...[...this.#views.keys()].map((recipient) => this.nameOf(recipient).length)),
    );
  }

  async #load(): Promise<void> {
    const answers = await Promise.allSettled(
      this.#lines.map(({ connection }) => connection.request('list-targets', {})),
    );
    for (const answer of answers) {
      if (answer.status !== 'fulfilled') continue;
      for (const view of answer.value.targets) this.#views.set(view.recipient, view);
    }
  }
}
