import type { AuditEntry, AuditPlace, AuditRow } from '@cd-push/protocol';

import { auditHashOf } from '../../src/index.ts';

/** Writes chains as a store does, and exports them node by node. */
export class AuditWriter {
  readonly #chains = new Map<string, string[]>();
  readonly #heads = new Map<string, AuditPlace>();
  /** The last row of each chain that is not kept any more. */
  readonly #letGo = new Map<string, AuditPlace>();
  #time = 1_763_600_000_000;

  async write(node: string, entry: Partial<AuditEntry> = {}): Promise<void> {
    const rows = this.#chains.get(node) ?? [];
    const last = this.#heads.get(node);
    const row: AuditRow = {
      v: 1,
      node,
      sequence: (last?.sequence ?? 0) + 1,
      previous: last?.hash ?? null,
      at: (this.#time += 10),
      event: 'completed',
      who: { subject: 'user-1', session: 'f3a0b3a2-0000-4000-8000-000000000001' },
      outcome: 'ok',
      ...entry,
    };
    const text = JSON.stringify(row);
    this.#chains.set(node, [...rows, text]);
    this.#heads.set(node, { node, sequence: row.sequence, hash: await auditHashOf(text) });
  }

  /** A first row, or a later one, that names where the other chains stand. */
  tie(node: string): Promise<void> {
    const heads = this.heads().filter((head) => head.node !== node);
    return this.write(node, { event: this.#heads.has(node) ? 'heads' : 'opened', who: null, heads });
  }

  /** Lets go of the first rows of a chain that are kept, and has another one say so. */
  async prune(node: string, count: number, by: string): Promise<void> {
    const rows = this.#chains.get(node) ?? [];
    const last = rows[count - 1];
    if (last === undefined) throw new Error('There are not as many rows.');
    const sequence = (this.#letGo.get(node)?.sequence ?? 0) + count;
    this.#chains.set(node, rows.slice(count));
    this.#letGo.set(node, { node, sequence, hash: await auditHashOf(last) });
    await this.write(by, { event: 'pruned', who: null, heads: [...this.#letGo.values()] });
  }

  /** How many rows of a chain are kept. */
  kept(node: string): number {
    return this.#chains.get(node)?.length ?? 0;
  }

  heads(): AuditPlace[] {
    return [...this.#heads.values()];
  }

  head(node: string): AuditPlace {
    const head = this.#heads.get(node);
    if (head === undefined) throw new Error(`Nothing was written by ${node}.`);
    return head;
  }

  rows(): string[] {
    return [...this.#chains.keys()].toSorted().flatMap((node) => this.#chains.get(node) ?? []);
  }
}
