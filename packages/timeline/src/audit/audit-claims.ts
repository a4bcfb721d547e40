import type { AuditPlace } from '@cd-push/protocol';

/** A row of another chain that names where this one stood; null for a head that is known from elsewhere. */
export type Claimant = { readonly node: string; readonly sequence: number; readonly line: number } | null;

/** Somebody says that a chain has a row of this sequence and hash. */
export interface Claim extends AuditPlace {
  readonly by: Claimant;
}

/**
 * What is said of each chain by others. A chain that stands still is named over and over: of one claimant it is kept when
 * it was first said.
 */
export class AuditClaims {
  readonly #of = new Map<string, Claim[]>();
  readonly #by = new Map<string, Claim[]>();
  readonly #latest = new Map<string, Map<string, Claim>>();

  constructor(known: readonly AuditPlace[]) {
    for (const { node, sequence, hash } of known) add(this.#of, node, { node, sequence, hash, by: null });
  }

  add({ node, sequence, hash }: AuditPlace, by: NonNullable<Claimant>): void {
    const latest = this.#latest.get(by.node) ?? new Map<string, Claim>();
    this.#latest.set(by.node, latest);
    const before = latest.get(node);
    if (before?.sequence === sequence && before.hash === hash) return;
    const claim = { node, sequence, hash, by };
    latest.set(node, claim);
    add(this.#of, node, claim);
    add(this.#by, by.node, claim);
  }

  of(node: string): readonly Claim[] {
    return this.#of.get(node) ?? [];
  }

  /** What rows of a chain say of others, in the order in which they stand. */
  by(node: string): readonly Claim[] {
    return this.#by.get(node) ?? [];
  }

  nodes(): Iterable<string> {
    return this.#of.keys();
  }

  /** Whether a head that is known from elsewhere names this row. */
  isKnown(node: string, sequence: number, hash: string): boolean {
    return this.of(node).some(
      (claim) => claim.by === null && claim.sequence === sequence && claim.hash === hash,
    );
  }
}

const add = <Item>(lists: Map<string, Item[]>, name: string, item: Item): void => {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
};
