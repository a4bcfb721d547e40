import {
  isSyncSelection,
  ProblemError,
  problemOf,
  type Problem,
  type SyncRequest,
  type SyncResponse,
  type ToldTip,
} from '@cd-push/protocol';

import { loadFrame, loadObject, type ObjectSource } from '../frames/load.ts';
import type { MergeSteps } from '../merge/merge-steps.ts';
import type { SyntaxCheck } from '../merge/syntax.ts';
import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { ConstantObject } from '../objects/parsed-object.ts';
import type { Verify } from '../space/quarantine.ts';
import type { Space, StoredObject, TipSwap } from '../space/space.ts';
import type { Cargo } from './cargo.ts';
import { Incoming } from './incoming.ts';
import { mergeFault } from './merge-fault.ts';
import { isLong, selectionOf, toldTip } from './negotiation.ts';
import { orThrow, toAddress, toAddresses } from './or-throw.ts';
import { Outgoing } from './outgoing.ts';
import type { Relations } from './relations.ts';
import type { SignedTurns } from './signed-turns.ts';
import { foreignFault, type Sight } from '../space/foreign-fault.ts';
import { surplusFault } from './surplus.ts';
import { selectionControl } from './sync-control.ts';
import type { SyncGate } from './sync-gate.ts';
import type { SyncLimits } from './sync-limits.ts';
import { bucketCountOf, bucketDigests, bucketOf, digestOfTips, type Tips } from './tips-digest.ts';

export interface ResponderSagaParts {
  readonly space: Space;
  readonly relations: Relations;
  readonly signed: SignedTurns;
  readonly gate: SyncGate;
  readonly limits: SyncLimits;
  readonly syntax?: SyntaxCheck | undefined;
  readonly mergeSteps?: MergeSteps | undefined;
  readonly verify?: Verify | undefined;
}

/** What is said in answer, and what goes with it. */
export interface Said {
  readonly says: SyncResponse;
  readonly cargo: readonly Cargo[];
}

/** Where a saga stands at its responder. */
type ResponderState =
  | { readonly stage: 'begun' }
  | {
      readonly stage: 'acknowledged';
      /** Every timeline that was spoken of, with the tip from which this saga starts here. */
      readonly tips: Map<Address, Address | undefined>;
      /** Those that were named by themselves, in the order in which their places are meant. */
      readonly constants: readonly Address[];
      /** The list of names, where it is not kept here yet. */
      readonly selection: StoredObject | undefined;
      readonly incoming: Incoming;
      /** From the first delta on. */
      outgoing: Outgoing | undefined;
    };

type Acknowledged = Extract<ResponderState, { stage: 'acknowledged' }>;
type Request<Stage extends SyncRequest['stage']> = Extract<SyncRequest, { stage: Stage }>;

/** One saga as its responder takes part in it. */
export class ResponderSaga {
  readonly #parts: ResponderSagaParts;
  #state: ResponderState = { stage: 'begun' };

  constructor(parts: ResponderSagaParts) {
    this.#parts = parts;
  }

  /** Whether nothing is kept. */
  get isIdle(): boolean {
    return this.#state.stage === 'begun';
  }

  /** Bytes that are kept: those in quarantine, and what it takes to know what was sent. */
  get waitingBytes(): number {
    if (this.#state.stage === 'begun') return 0;
    const { incoming, outgoing } = this.#state;
    return incoming.quarantine.bytes + (outgoing?.memoryBytes ?? 0);
  }

  /**
   * Answers one request.
   *
   * @throws {ProblemError} what is refused; whatever the space throws.
   */
  async hear(says: SyncRequest, cargo: readonly Cargo[]): Promise<Said> {
    if (says.stage === 'init') return said(await this.#init(says));
    if (says.stage === 'end') {
      this.#state = { stage: 'begun' };
      return said({ stage: 'ended' });
    }
    const state = this.#state;
    if (state.stage === 'begun') {
      throw new ProblemError(
        problemOf('invalid-request', { path: '/context/says', detail: 'A saga begins with init.' }),
      );
    }
    orThrow(await state.incoming.take(cargo));
    switch (says.stage) {
      case 'ask':
        return said(await this.#ask(state, says));
      case 'have':
        return said(await this.#have(says));
      case 'delta':
        return this.#delta(state, says);
      case 'commit':
        return said(await this.#commit(state, says));
      default:
        return says satisfies never;
    }
  }

  async #init({ digest, scope }: Request<'init'>): Promise<SyncResponse> {
    this.#state = { stage: 'begun' };
    const { space, limits } = this.#parts;
    const named = 'selection' in scope ? await this.#selected(toAddress(scope.selection)) : namesIn(scope);
    if (named === undefined) return { stage: 'name' };
    const { timelines, constants } = named;
    const tips = new Map(await this.#related(timelines));
    const here = await space.has(constants);
    for (const address of constants) if (here.has(address)) await this.#constant(space, address, 'read');
    const selection = 'selection' in scope ? undefined : await selectionOf(timelines, constants);
    if ((await digestOfTips(tips, here)) === digest) {
      // From the next time on, the address of the list says what is meant.
      if (selection !== undefined && isLong(named)) await space.commit({ objects: [selection], swaps: [] });
      return { stage: 'equal' };
    }
    this.#state = {
      stage: 'acknowledged',
      tips,
      constants,
      selection: isLong(named) ? selection : undefined,
      incoming: new Incoming(space, limits.quarantine),
      outgoing: undefined,
    };
    const told = 'selection' in scope ? [] : scope.timelines;
    // Most of those that nothing was told of are the same, as a rule.
    if (bucketCountOf(tips.size - told.length) > 1) {
      return { stage: 'buckets', digests: [...(await bucketDigests(tips, bucketCountOf(tips.size)))] };
    }
    return this.#acknowledge(this.#state, tips, told);
  }

  async #ask(state: Acknowledged, { timelines, buckets }: Request<'ask'>): Promise<SyncResponse> {
    const tips = new Map<Address, Address | undefined>();
    if (buckets !== undefined) {
      const places = new Set(buckets.places);
      const count = Math.max(1, buckets.count);
      for (const [timeline, tip] of state.tips) {
        if (places.has(bucketOf(timeline, count))) tips.set(timeline, tip);
      }
    }
    const asked = toAddresses(timelines.map(({ timeline }) => timeline));
    for (const [timeline, tip] of await this.#related(asked)) {
      // What a saga starts from is what was said first.
      if (state.tips.has(timeline) && !asked.includes(timeline)) continue;
      tips.set(timeline, state.tips.get(timeline) ?? tip);
    }
    for (const [timeline, tip] of tips) state.tips.set(timeline, tip);
    if (state.tips.size > this.#parts.limits.timelines) throw new ProblemError(problemOf('too-large'));
    return this.#acknowledge(state, tips, timelines);
  }

  /** Tells of the tips that differ from what was told. */
  async #acknowledge(state: Acknowledged, tips: Tips, told: readonly ToldTip[]): Promise<SyncResponse> {
    const { space } = this.#parts;
    const theirs = new Map(told.map(({ timeline, tip }) => [timeline, tip?.address]));
    const known: ReadonlySet<string> = await space.has(
      toAddresses([...theirs.values()].flatMap((address) => address ?? [])),
    );
    const differing = [...tips].filter(
      ([timeline, tip]) => !theirs.has(timeline) || theirs.get(timeline) !== tip,
    );
    const here = await space.has(state.constants);
    return {
      stage: 'ack',
      tips: await Promise.all(
        differing.map(async ([timeline, tip]) => {
          const theirTip = theirs.get(timeline);
          return {
            ...(await toldTip(space, timeline, tip)),
            knowsTold: theirTip !== undefined && known.has(theirTip),
          };
        }),
      ),
      constants: placesIn(state.constants, here),
    };
  }

  async #have({ have }: Request<'have'>): Promise<SyncResponse> {
    const { space } = this.#parts;
    const common: number[][] = [];
    for (const { frames } of have) {
      const asked = toAddresses(frames);
      const here = await space.has(asked);
      common.push(placesIn(asked, here));
    }
    return { stage: 'common', common };
  }

  async #delta(state: Acknowledged, { offer, lacks, pull }: Request<'delta'>): Promise<Said> {
    const { space, limits } = this.#parts;
    const outgoing = state.outgoing ?? new Outgoing(space, limits);
    if (pull !== undefined) {
      if (state.outgoing !== undefined)
        throw new ProblemError(problemOf('invalid-request', { path: '/context/says/pull' }));
      for (const { timeline, known } of pull.timelines) {
        const tip = state.tips.get(toAddress(timeline));
        if (tip === undefined)
          throw new ProblemError(objectProblem('missing-object', toAddress(timeline), 'It has no tip here.'));
        await outgoing.addTimeline(tip, toAddresses(known));
      }
      for (const address of toAddresses(pull.constants)) {
        if (!state.constants.includes(address)) {
          throw new ProblemError(objectProblem('missing-object', address, 'It is no constant of this saga.'));
        }
        await outgoing.addLacking(address);
      }
    }
    state.outgoing = outgoing;
    await outgoing.answered(lacks);
    const lacking = await state.incoming.lacking(toAddresses(offer), (blob) => this.#parts.gate.blob(blob));
    const load = await outgoing.next();
    return {
      says: { stage: 'delta', offer: [...load.offer], lacks: [...lacking], done: load.isLast },
      cargo: load.cargo,
    };
  }

  async #commit(state: Acknowledged, { swaps: asked }: Request<'commit'>): Promise<SyncResponse> {
    const { space, signed, syntax, mergeSteps, verify } = this.#parts;
    const { incoming, constants, selection } = state;
    const swaps = asked.map(({ timeline, from, to }): TipSwap => ({
      timeline: toAddress(timeline),
      from: from === null ? undefined : toAddress(from),
      to: toAddress(to),
    }));
    const checked = await incoming.quarantine.check(swaps, async (quarantined) => {
      const roots = [...swaps.map(({ to }) => to), ...constants];
      return (
        surplusFault(quarantined.objects, roots) ??
        (await foreignFault(quarantined, this.#sight)) ??
        (await this.#unwritable(state, swaps, quarantined)) ??
        (await mergeFault(quarantined, { syntax, steps: mergeSteps })) ??
        (await verify?.(quarantined))
      );
    });
    if (!checked.ok && checked.problem.kind !== 'tip-moved') throw new ProblemError(checked.problem);
    if (!checked.ok) return this.#moved(swaps);
    const control = [...signed.waiting, ...(selection === undefined ? [] : [selection])];
    const committed = await space.commit({ objects: [...checked.value.objects, ...control], swaps });
    if (committed.outcome === 'moved') return this.#moved(swaps);
    signed.kept(control);
    this.#state = { stage: 'begun' };
    return { stage: 'committed' };
  }

  /** Nothing is kept: the saga begins again with what is here now. */
  async #moved(swaps: readonly TipSwap[]): Promise<SyncResponse> {
    this.#state = { stage: 'begun' };
    const moved: Address[] = [];
    for (const { timeline, from } of swaps) {
      if ((await this.#parts.space.tip(timeline)) !== from) moved.push(timeline);
    }
    return { stage: 'moved', timelines: moved };
  }

  /** What the other side may know of what is here. */
  get #sight(): Sight {
    const { gate } = this.#parts;
    return {
      frame: (_frame, genesis) => gate.timeline(genesis, 'read') === undefined,
      constant: (constant) => gate.constant(constant, 'read') === undefined,
      blob: (address) => gate.blob(address),
    };
  }

  /** Why the other side may not change what it wants to, if so. */
  async #unwritable(
    { tips, constants }: Acknowledged,
    swaps: readonly TipSwap[],
    source: ObjectSource,
  ): Promise<Problem | undefined> {
    for (const { timeline } of swaps) {
      if (!tips.has(timeline)) return objectProblem('bad-frame', timeline, 'This saga is not about it.');
      const problem = this.#parts.gate.timeline(await loadFrame(source, timeline), 'write');
      if (problem !== undefined) return problem;
    }
    for (const address of constants) {
      if (source.known?.(address) !== undefined) await this.#constant(source, address, 'write');
    }
    return undefined;
  }

  /** Timelines with what they relate to here, if the other side may know of all of that. */
  async #related(timelines: readonly Address[]): Promise<Tips> {
    const { relations, limits, gate, space } = this.#parts;
    const tips = await relations.from(timelines, limits.timelines);
    for (const [timeline, tip] of tips) {
      if (tip === undefined) continue;
      const problem = gate.timeline(await loadFrame(space, timeline), 'read');
      if (problem !== undefined) throw new ProblemError(problem);
    }
    return tips;
  }

  async #constant(source: ObjectSource, address: Address, wish: 'read' | 'write'): Promise<ConstantObject> {
    const object = await loadObject(source, address);
    if (object.type !== 'constant')
      throw new ProblemError(objectProblem('bad-object', address, 'It is no constant.'));
    const problem = this.#parts.gate.constant(object, wish);
    if (problem !== undefined) throw new ProblemError(problem);
    return object;
  }

  async #selected(address: Address): Promise<Names | undefined> {
    const bytes = await this.#parts.space.get(address);
    if (bytes === undefined) return undefined;
    const object = await loadObject(this.#parts.space, address, [selectionControl]);
    return object.type === 'control' && isSyncSelection(object.value) ? namesOf(object.value) : undefined;
  }
}

/** What is synchronised, by names. */
interface Names {
  readonly timelines: readonly Address[];
  readonly constants: readonly Address[];
}

const namesOf = ({
  timelines,
  constants,
}: {
  timelines: readonly string[];
  constants: readonly string[];
}): Names => ({
  timelines: toAddresses(timelines),
  constants: toAddresses(constants),
});

const namesIn = ({
  timelines,
  constants,
}: {
  readonly timelines: readonly ToldTip[];
  readonly constants: readonly string[];
}): Names => namesOf({ timelines: timelines.map(({ timeline }) => timeline), constants });

const placesIn = (list: readonly Address[], here: ReadonlySet<Address>): number[] =>
  list.flatMap((address, place) => (here.has(address) ? [place] : []));

const said = (says: SyncResponse): Said => ({ says, cargo: [] });
