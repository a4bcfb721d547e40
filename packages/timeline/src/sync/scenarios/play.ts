import { ProblemError } from '@cd-push/protocol';

import { closure } from '../../frames/closure.ts';
import type { Links } from '../../frames/frame.ts';
import { loadFrame } from '../../frames/load.ts';
import { append, makeConstant, makeGenesis } from '../../frames/make-frame.ts';
import { walk } from '../../frames/walk.ts';
import type { Address } from '../../objects/address.ts';
import { canonicalText, storedBlob } from '../../objects/canonical.ts';
import type { ConstantObject, FrameObject } from '../../objects/parsed-object.ts';
import type { ValueMap } from '../../objects/value.ts';
import type { Space, StoredObject } from '../../space/space.ts';
import type { SyncWanted } from '../sync-result.ts';
import type { Check, SagaReport, ScenarioPair, Side } from './scenario.ts';

/** How many objects of what is synchronised went each way. */
export interface Went {
  readonly fromA: number;
  readonly fromB: number;
}

/** What one situation does and finds, in the words in which a scenario is told. */
export class Play {
  readonly pair: ScenarioPair;
  readonly timelines = new Map<string, Address>();
  readonly constants = new Map<string, Address>();
  readonly checks: Check[] = [];
  /** What checks are of that come now, where a situation has several parts. */
  part = '';

  constructor(pair: ScenarioPair) {
    this.pair = pair;
  }

  space(side: Side): Space {
    return this.pair.spaces[side];
  }

  /** Begins a timeline at these sides, which is the same at both. */
  async begin(name: string, sides: readonly Side[] = ['a'], data: ValueMap = {}): Promise<FrameObject> {
    const genesis = await makeGenesis({ ...this.pair.origin(name), ...data });
    this.timelines.set(name, genesis.address);
    for (const side of sides) await this.put(side, [genesis], genesis);
    return genesis;
  }

  /** The next frame of a timeline at a side, over whatever is its tip there. */
  async edit(side: Side, timeline: FrameObject, data: ValueMap, links: Links = {}): Promise<FrameObject> {
    const tip = await this.tip(side, timeline);
    const frame = await append(tip, { data, links });
    await this.put(side, [frame], frame, tip.address);
    return frame;
  }

  /** The same as it was, with some members changed. */
  async change(side: Side, timeline: FrameObject, data: ValueMap, links: Links = {}): Promise<FrameObject> {
    const { frame } = await this.tip(side, timeline);
    return this.edit(side, timeline, { ...frame.data, ...data }, { ...frame.links, ...links });
  }

  async constant(side: Side, name: string, to: readonly Address[] = []): Promise<ConstantObject> {
    const constant = await makeConstant(this.pair.origin(name), to.length === 0 ? {} : { to });
    this.constants.set(name, constant.address);
    await this.put(side, [constant]);
    return constant;
  }

  /** Of a content that no other situation has. */
  async blob(side: Side, content: string): Promise<StoredObject> {
    const blob = await storedBlob(`${content}, of ${canonicalText(this.pair.origin('content'))}`);
    await this.put(side, [blob]);
    return blob;
  }

  /** Puts objects and a tip into a space without a question, as a save does. */
  async put(side: Side, objects: readonly StoredObject[], tip?: FrameObject, from?: Address): Promise<void> {
    const swaps = tip === undefined ? [] : [{ timeline: tip.timeline, from, to: tip.address }];
    const plain = objects.map(({ address, bytes }) => ({ address, bytes }));
    const commit = await this.space(side).commit({ objects: plain, swaps });
    if (commit.outcome !== 'committed') throw new Error('The tip is another one than the scenario expects.');
  }

  async tip(side: Side, { address }: FrameObject): Promise<FrameObject> {
    const tip = await this.space(side).tip(address);
    if (tip === undefined) throw new Error('There is no such tip.');
    return loadFrame(this.space(side), tip);
  }

  /** A saga, and whether so many objects went each way. */
  async sync(wanted: SyncWanted, went?: Went, initiator: Side = 'a'): Promise<SagaReport> {
    const report = await this.pair.sync(initiator, wanted);
    const { sent, received } = report.result;
    const isA = initiator === 'a';
    const found: Went = {
      fromA: isA ? sent.objects : received.objects,
      fromB: isA ? received.objects : sent.objects,
    };
    if (went !== undefined) {
      this.equal(`${went.fromA} objects go from A to B, and ${went.fromB} from B to A`, found, went);
    }
    return report;
  }

  /** The kind of the problem that a saga ends with; undefined where it ends well. */
  async problemOf(wanted: SyncWanted, initiator: Side = 'a'): Promise<string | undefined> {
    try {
      await this.pair.sync(initiator, wanted);
      return undefined;
    } catch (error) {
      if (error instanceof ProblemError) return error.problem.kind;
      throw error;
    }
  }

  holds(title: string, holds: boolean, found?: string): void {
    const whole = this.part === '' ? title : `${this.part}: ${title}`;
    this.checks.push({ title: whole, holds, ...(holds || found === undefined ? {} : { found }) });
  }

  equal(title: string, found: unknown, expected: unknown): void {
    const [one, other] = [canonicalText(found ?? null), canonicalText(expected ?? null)];
    this.holds(title, one === other, one.slice(0, 1_000));
  }

  /** What always holds after a saga that ended well. */
  async converged(wanted: SyncWanted, frames: readonly FrameObject[] = []): Promise<void> {
    const [a, b] = [this.space('a'), this.space('b')];
    for (const [name, timeline] of this.timelines) await this.#sameTip(name, timeline);
    const roots = [...(await this.#tips()), ...(wanted.constants ?? [])];
    this.equal(
      'Both sides have the same graph, byte for byte',
      await graphOf(a, roots),
      await graphOf(b, roots),
    );
    let old = 0;
    for (const frame of frames) {
      for (const space of [a, b])
        old += Number((await loadFrame(space, frame.address)).address === frame.address);
    }
    if (frames.length > 0)
      this.equal('Every frame from before can be read at both sides', old, 2 * frames.length);

    const before = await this.#tips();
    for (const initiator of ['a', 'b'] as const) {
      const { result, messages, bytes } = await this.pair.sync(initiator, wanted);
      const { sent, received } = result;
      const by = initiator === 'a' ? 'A' : 'B';
      this.equal(`A further saga of ${by} sends no object`, [sent.objects, received.objects], [0, 0]);
      this.holds(
        `The saga of ${by} takes two messages and at most 1 KB`,
        messages === 2 && bytes <= 1024,
        `${messages}, ${bytes}`,
      );
    }
    this.equal('Neither makes a frame', await this.#tips(), before);
  }

  /** How many frames lead from a tip to the first one. */
  async heights(side: Side, timeline: FrameObject): Promise<readonly number[]> {
    const heights: number[] = [];
    const tip = await this.tip(side, timeline);
    for await (const { height } of walk(this.space(side), [tip.address])) heights.push(height);
    return heights;
  }

  async #sameTip(name: string, timeline: Address): Promise<void> {
    const [one, other] = [await this.space('a').tip(timeline), await this.space('b').tip(timeline)];
    this.holds(
      `${name} has the same tip at both sides`,
      one !== undefined && one === other,
      `${one}, ${other}`,
    );
  }

  async #tips(): Promise<readonly Address[]> {
    const tips: Address[] = [];
    for (const timeline of this.timelines.values()) {
      const tip = await this.space('a').tip(timeline);
      if (tip !== undefined) tips.push(tip);
    }
    return tips.toSorted();
  }
}

/** Every object of a graph with a digest's worth of it: its address, which reading it has made anew from its bytes. */
const graphOf = async (space: Space, roots: readonly Address[]): Promise<readonly string[]> => {
  const graph: string[] = [];
  for await (const { address, bytes } of closure(space, roots)) graph.push(`${address} ${bytes.length}`);
  return graph.toSorted();
};
