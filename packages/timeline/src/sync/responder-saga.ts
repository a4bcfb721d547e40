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
import { foreignFault } from '../space/foreign-fault.ts';
import type { Names, Selections } from './selections.ts';
import { surplusFault } from './surplus.ts';
import { selectionControl } from './sync-control.ts';
import type { SyncGate } from './sync-gate.ts';
import type { SyncLimits } from './sync-limits.ts';
import { bucketCountOf, bucketDigests, bucketOf, digestOfTips, type Tips } from './tips-digest.ts';
import { constantProblem, Visible } from './visible.ts';

export interface ResponderSagaParts {
  readonly space: Space;
  readonly relations: Relations;
  readonly signed: SignedTurns;
  readonly gate: SyncGate;
  readonly selections: Selections;
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
      readonly named: Names;
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
  readonly #visible: Visible;
  #state: ResponderState = { stage: 'begun' };

  constructor(parts: ResponderSagaParts) {
    this.#parts = parts;
    this.#visible = new Visible(parts);
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
    this.#visible.forget();
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
    if (!this.#parts.gate.mayWrite() && brings(says, cargo)) throw new ProblemError(mayNotWrite);
    orThrow(await state.incoming.take(cargo));
    switch (says.stage) {
      case 'ask':
        return said(await this.#ask(state, says));
      case 'have':
        return said(await this.#have(state, says));
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
    const tips = new Map(await this.#visible.related(timelines));
    const here = await this.#visible.constants(constants);
    const selection = 'selection' in scope ? undefined : await selectionOf(timelines, constants);
    if ((await digestOfTips(tips, here)) === digest) {
      // From the next time on, the address of the list says what is meant.
      if (selection !== undefined && isLong(named)) await this.#keepSelection(selection, named, tips);
      return { stage: 'equal' };
    }
    this.#state = {
      stage: 'acknowledged',
      tips,
      constants,
      named,
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
    for (const [timeline, tip] of await this.#visible.related(asked)) {
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
    const theirs = new Map(
      told.map(({ timeline, tip }) => [
        toAddress(timeline),
        tip === null ? undefined : toAddress(tip.address),
      ]),
    );
    const differing = [...tips].filter(
      ([timeline, tip]) => !theirs.has(timeline) || theirs.get(timeline) !== tip,
    );
    const known = await this.#visible.known(
      differing.map(([timeline, tip]) => ({ timeline, tip, frames: [theirs.get(timeline) ?? []].flat() })),
    );
    const here = await this.#visible.constants(state.constants);
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

  async #have({ tips }: Acknowledged, { have }: Request<'have'>): Promise<SyncResponse> {
    const common: number[][] = [];
    for (const { timeline: text, frames } of have) {
      const [timeline, asked] = [toAddress(text), toAddresses(frames)];
      const here = await this.#visible.known([{ timeline, tip: tips.get(timeline), frames: asked }]);
      common.push(placesIn(asked, here));
    }
    return { stage: 'common', common };
  }

  async #delta(state: Acknowledged, { offer, lacks, pull }: Request<'delta'>): Promise<Said> {
    const { space, limits } = this.#parts;
    const outgoing = state.outgoing ?? new Outgoing(space, limits, this.#visible.departure);
    if (pull !== undefined) {
      if (state.outgoing !== undefined)
        throw new ProblemError(problemOf('invalid-request', { path: '/context/says/pull' }));
      for (const { timeline, known } of pull.timelines) {
        const tip = state.tips.get(toAddress(timeline));
        if (tip === undefined)
          throw new ProblemError(objectProblem('missing-object', toAddress(timeline), 'It has no tip here.'));
        const frames = toAddresses(known);
        const here = await this.#visible.known([{ timeline: toAddress(timeline), tip, frames }]);
        const missing = frames.find((address) => !here.has(address));
        if (missing !== undefined)
          throw new ProblemError(objectProblem('missing-object', missing, 'It is not here.'));
        await outgoing.addTimeline(tip, frames);
      }
      const asked = toAddresses(pull.constants);
      const here = await this.#visible.constants(asked);
      for (const address of asked) {
        if (!state.constants.includes(address) || !here.has(address)) {
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
    const { space, signed, gate, syntax, mergeSteps, verify } = this.#parts;
    const { incoming, tips, constants, selection } = state;
    if (!gate.mayWrite()) {
      // What came was nothing, and so is what is kept.
      if (selection !== undefined) this.#parts.selections.put(selection.address, state.named);
      this.#state = { stage: 'begun' };
      return { stage: 'committed' };
    }
    const swaps = asked.map(({ timeline, from, to }): TipSwap => ({
      timeline: toAddress(timeline),
      from: from === null ? undefined : toAddress(from),
      to: toAddress(to),
    }));
    const checked = await incoming.quarantine.check(swaps, async (quarantined) => {
      const roots = [...swaps.map(({ to }) => to), ...constants];
      return (
        surplusFault(quarantined.objects, roots) ??
        (await foreignFault(quarantined, this.#visible.sight)) ??
        (await this.#unwritable(state, swaps, quarantined)) ??
        (await mergeFault(quarantined, { syntax, steps: mergeSteps })) ??
        (await verify?.(quarantined))
      );
    });
    if (!checked.ok && checked.problem.kind !== 'tip-moved') throw new ProblemError(checked.problem);
    if (!checked.ok) return this.#moved(swaps);
    const known = new Map([...tips, ...swaps.map(({ timeline, to }) => [timeline, to] as const)]);
    const kept = selection !== undefined && isWhole(known) ? [selection] : [];
    const control = [...signed.waiting, ...kept];
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
      if (source.known?.(address) === undefined) continue;
      const problem = await constantProblem(this.#parts.gate, source, address, 'write');
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** From the next time on, the address of a list says what is meant. */
  async #keepSelection(selection: StoredObject, named: Names, tips: Tips): Promise<void> {
    const { space, gate, selections } = this.#parts;
    if (!gate.mayWrite()) selections.put(selection.address, named);
    else if (isWhole(tips)) await space.commit({ objects: [selection], swaps: [] });
  }

  async #selected(address: Address): Promise<Names | undefined> {
    const { gate, selections } = this.#parts;
    if (!gate.mayWrite()) return selections.get(address);
    const bytes = await this.#parts.space.get(address);
    if (bytes === undefined) return undefined;
    const object = await loadObject(this.#parts.space, address, [selectionControl]);
    return object.type === 'control' && isSyncSelection(object.value) ? namesOf(object.value) : undefined;
  }
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

/** Whether all of these are here: a list of what is nowhere would be kept for nobody. */
const isWhole = (tips: Tips): boolean => [...tips.values()].every((tip) => tip !== undefined);

const said = (says: SyncResponse): Said => ({ says, cargo: [] });

/** Whether something is to be put here. */
const brings = (says: Exclude<SyncRequest, { stage: 'init' | 'end' }>, cargo: readonly Cargo[]): boolean =>
  cargo.length > 0 ||
  (says.stage === 'delta' && says.offer.length > 0) ||
  (says.stage === 'commit' && says.swaps.length > 0);

const mayNotWrite = problemOf('forbidden', { detail: 'This session may read, and change nothing.' });
