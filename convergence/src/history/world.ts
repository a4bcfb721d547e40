import type { Address } from '@cd-push/timeline';

import type { Finding } from '../checker/finding.ts';
import type { Draw } from '../draw/draw.ts';
import type { Engine } from '../engine/engine.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Announcement, Bundle, Message } from '../network/message.ts';
import { Network } from '../network/network.ts';
import { Pool, shortOf } from '../objects/pool.ts';
import { Editor } from '../replica/editor.ts';
import { Replica, type MergeMade, type Taken } from '../replica/replica.ts';

/** Hears what happens in a history; what is told is only made where somebody listens. */
export type Log = (line: () => string) => void;

/** Everybody and everything that takes part in one history. */
export class World {
  readonly pool = new Pool();
  readonly ledger = new Ledger(this.pool);
  readonly editor = new Editor(this.pool, this.ledger);
  readonly network = new Network();
  readonly replicas: readonly Replica[];
  readonly merges: MergeMade[] = [];
  readonly findings: Finding[] = [];
  readonly log: Log;
  crashes = 0;

  constructor(replicas: number, engine: Engine, log: Log) {
    this.log = log;
    this.replicas = Array.from({ length: replicas }, (_, index) => {
      const name = `r${index + 1}`;
      return new Replica(name, engine, this.pool, {
        commit: (change) => {
          for (const { address, bytes } of change.objects) this.pool.put(address, bytes);
          this.editor.hear(change);
        },
        merge: (merge) => this.#hearMerge(merge),
      });
    });
  }

  /** @throws {RangeError} where nobody has that name. */
  named(name: string): Replica {
    const found = this.replicas.find((replica) => replica.name === name);
    if (found === undefined) throw new RangeError(`There is no replica ${name}.`);
    return found;
  }

  /** Two who are not the same. */
  two(draw: Draw): readonly [Replica, Replica] {
    const [one, other] = draw.shuffled(this.replicas);
    if (one === undefined || other === undefined) throw new RangeError('There are less than two replicas.');
    return [one, other];
  }

  announcement(from: Replica, to: Replica): Announcement {
    return { kind: 'announcement', from: from.name, to: to.name, tips: from.tips() };
  }

  /** A message comes to whom it is for; the answer to an announcement is on its way then. */
  async arrive(message: Message, isDamaged = false): Promise<void> {
    const to = this.named(message.to);
    if (message.kind === 'bundle') {
      await this.take(to, message, isDamaged);
    } else {
      const from = this.named(message.from);
      this.network.post(to.bundleFor(message.from, message.tips));
      this.log(() => `  ${to.name} answers ${from.name}`);
    }
  }

  async take(to: Replica, bundle: Bundle, isDamaged = false): Promise<void> {
    const before = new Map(to.tips().map(({ timeline, tip }) => [timeline, tip]));
    const taken = await to.take(bundle);
    this.log(
      () =>
        `  ${to.name} takes ${bundle.objects.length} objects of ${bundle.from}: ${this.#movesOf(to, before, taken)}`,
    );
    if (taken.outcome === 'taken' && isDamaged) {
      this.findings.push({ count: 'divergences', what: `${to.name} has taken a damaged object` });
    }
    if (taken.outcome === 'refused' && !isDamaged && !this.#isExcused(to, bundle, taken.problem.kind)) {
      const { kind, detail = '' } = taken.problem;
      const what = `${to.name} refuses what ${bundle.from} has sent: ${kind}, ${detail}`;
      this.findings.push({ count: 'divergences', what });
    }
  }

  /** Both know what either knew, if nothing gets lost between them. */
  async exchange(one: Replica, other: Replica): Promise<void> {
    await this.take(other, one.bundleFor(other.name, other.tips()));
    await this.take(one, other.bundleFor(one.name, one.tips()));
  }

  crash(replica: Replica): void {
    this.crashes += 1;
    this.log(() => `  ${replica.name} crashes, and begins anew`);
    replica.restart();
    this.network.cut(replica.name);
  }

  /** What was sent before was lost: what builds on it cannot be taken. */
  #isExcused(to: Replica, { objects, tips }: Bundle, kind: string): boolean {
    if (kind !== 'missing-object') return false;
    const come = new Set(objects.map(({ address }) => address));
    const needed = this.pool.closureOf(tips.map(({ tip }) => tip));
    const here = to.space.has([...needed]);
    return [...needed].some((address) => !come.has(address) && !here.has(address));
  }

  #hearMerge(merge: MergeMade): void {
    if (merge.tip !== merge.ours && merge.tip !== merge.theirs) this.merges.push(merge);
  }

  #movesOf(to: Replica, before: ReadonlyMap<Address, Address>, taken: Taken): string {
    if (taken.outcome === 'refused') return `refused, ${taken.problem.kind}: ${taken.problem.detail ?? ''}`;
    const moves = to.tips().flatMap(({ timeline, tip }) => {
      const from = before.get(timeline);
      if (from === tip) return [];
      const merged = this.merges.findLast((merge) => merge.tip === tip && merge.replica === to.name);
      const how = merged === undefined ? 'forward to' : `merged with ${shortOf(merged.theirs)} as`;
      return [
        `${this.pool.nameOf(timeline)} ${from === undefined ? 'new' : shortOf(from)} ${how} ${shortOf(tip)}`,
      ];
    });
    return moves.length === 0 ? 'nothing new' : moves.join('; ');
  }
}
