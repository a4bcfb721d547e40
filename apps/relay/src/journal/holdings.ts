import { JournalFull } from './journal.ts';
import type { PushFacts } from './tracked-push.ts';

/** Parts of the capacity that pushes of one sender, and for one environment, may take: nobody fills it for all. */
const senderShare = 1 / 4;
const environmentShare = 1 / 2;

type Owner = Pick<PushFacts, 'tenant' | 'environment' | 'sender'>;

/** How much a journal in memory holds, in all and of whom. */
export class Holdings {
  readonly #capacity: number;
  readonly #of = new Map<string, number>();
  #all = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  isFull(weight: number): boolean {
    return this.#all + weight > this.#capacity;
  }

  /** Why so much more cannot be held, if it cannot. */
  refusal(owner: Owner, weight: number): JournalFull | undefined {
    const [sender, environment] = keysOf(owner);
    if (this.isFull(weight)) {
      return new JournalFull('The journal in memory is full of pushes that are still owed.');
    }
    if (this.#heldOf(sender) + weight > this.#capacity * senderShare) {
      return new JournalFull('Pushes of this sender that are in place or still owed fill its share.');
    }
    if (this.#heldOf(environment) + weight > this.#capacity * environmentShare) {
      return new JournalFull('Pushes for this environment that are in place or still owed fill its share.');
    }
    return undefined;
  }

  add(owner: Owner, weight: number): void {
    this.#all += weight;
    for (const key of keysOf(owner)) {
      const held = this.#heldOf(key) + weight;
      if (held === 0) this.#of.delete(key);
      else this.#of.set(key, held);
    }
  }

  #heldOf(key: string): number {
    return this.#of.get(key) ?? 0;
  }
}

/** Tenants and environments are names, which hold no space. */
const keysOf = ({ tenant, environment, sender }: Owner): [sender: string, environment: string] => [
  `${tenant} by ${sender.subject}`,
  `${tenant} for ${environment}`,
];
