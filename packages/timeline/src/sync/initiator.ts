import { ProblemError, problemOf, type SyncRequest } from '@cd-push/protocol';

import { isAncestor } from '../frames/descent.ts';
import type { ObjectSource } from '../frames/load.ts';
import { mergeFrames } from '../merge/merge-frames.ts';
import type { SyntaxCheck } from '../merge/syntax.ts';
import type { Address } from '../objects/address.ts';
import type { Space, SpaceChange, StoredObject, TipSwap } from '../space/space.ts';
import { Incoming } from './incoming.ts';
import { mergeFault, stepsOfPulled } from './merge-fault.ts';
import { Negotiation, type Agreement, type Standing } from './negotiation.ts';
import { orThrow, toAddresses } from './or-throw.ts';
import { Outgoing, type Load } from './outgoing.ts';
import type { Relations } from './relations.ts';
import { SagaOver, type SagaTurns } from './saga-turns.ts';
import type { SignedTurns } from './signed-turns.ts';
import { surplusFault } from './surplus.ts';
import type { SyncLimits } from './sync-limits.ts';
import type { SyncedTimeline, SyncWanted } from './sync-result.ts';

export interface InitiatorParts {
  readonly space: Space;
  readonly relations: Relations;
  readonly signed: SignedTurns;
  readonly turns: SagaTurns;
  readonly syntax: SyntaxCheck | undefined;
  readonly limits: SyncLimits;
}

/** Where a saga stands at its initiator. Each stage holds what the next one needs, and nothing else is kept. */
type InitiatorState =
  | { readonly stage: 'negotiating' }
  | {
      readonly stage: 'transferring';
      readonly agreement: Agreement;
      readonly outgoing: Outgoing;
      readonly incoming: Incoming;
    }
  | {
      readonly stage: 'merging';
      readonly agreement: Agreement;
      readonly outgoing: Outgoing;
      readonly incoming: Incoming;
      /** What goes with the next turn. */
      readonly load: Load;
    }
  | {
      readonly stage: 'committing';
      readonly load: Load;
      readonly timelines: readonly SyncedTimeline[];
      /** Checked, and to be committed here as soon as the other side has committed. */
      readonly change: SpaceChange;
      readonly swapsThere: readonly TipSwap[];
      readonly counts: Counts;
      readonly selection: StoredObject | undefined;
    }
  | { readonly stage: 'done'; readonly outcome: AttemptOutcome };

interface Counts {
  readonly sent: { readonly objects: number; readonly bytes: number };
  readonly received: { readonly objects: number; readonly bytes: number };
}

/** How one attempt of a saga ended. `moved`: a tip is another one by now, here or there, and it may begin again. */
export type AttemptOutcome =
  | ({ readonly outcome: 'synced'; readonly timelines: readonly SyncedTimeline[] } & Counts)
  | { readonly outcome: 'moved'; readonly timeline: Address | undefined };

const nothing: Counts = { sent: { objects: 0, bytes: 0 }, received: { objects: 0, bytes: 0 } };

/**
 * One attempt of a saga, from `init` to `commit`.
 *
 * @throws {ProblemError} what does not hold, here or there; nothing was committed here then.
 */
export const attempt = async (wanted: SyncWanted, parts: InitiatorParts): Promise<AttemptOutcome> => {
  let state: InitiatorState = { stage: 'negotiating' };
  while (state.stage !== 'done') state = await next(state, wanted, parts);
  return state.outcome;
};

const next = async (
  state: Exclude<InitiatorState, { stage: 'done' }>,
  wanted: SyncWanted,
  parts: InitiatorParts,
): Promise<InitiatorState> => {
  switch (state.stage) {
    case 'negotiating':
      return negotiate(wanted, parts);
    case 'transferring':
      return transfer(state, wanted, parts);
    case 'merging':
      return merge(state, wanted, parts);
    case 'committing':
      return commit(state, parts);
    default:
      return state satisfies never;
  }
};

const negotiate = async (wanted: SyncWanted, parts: InitiatorParts): Promise<InitiatorState> => {
  const { space, limits } = parts;
  const agreement = await new Negotiation(wanted, parts).agree();
  if (agreement === undefined) {
    const same = [...(await parts.relations.from(wanted.timelines, limits.timelines))].map(
      ([timeline, tip]) => told({ timeline, ours: tip, theirs: tip }, tip, 'same'),
    );
    return { stage: 'done', outcome: { outcome: 'synced', timelines: same, ...nothing } };
  }
  if (wanted.strategy === 'abort') {
    const diverged = agreement.standings.find(isDiverged);
    if (diverged !== undefined) throw await aborted(diverged.timeline, parts);
  }
  const incoming = new Incoming(space, limits.quarantine);
  return { stage: 'transferring', agreement, incoming, outgoing: new Outgoing(incoming.source, limits) };
};

/** Brings over what is lacking on either side. What goes with the last turn is left to the next stage. */
const transfer = async (
  { agreement, outgoing, incoming }: Extract<InitiatorState, { stage: 'transferring' }>,
  wanted: SyncWanted,
  parts: InitiatorParts,
): Promise<InitiatorState> => {
  const { standings, constants } = agreement;
  for (const standing of standings) {
    // What is to be settled by hand stays where it is until that is done.
    if (standing.push === undefined || standing.ours === undefined) continue;
    if (wanted.strategy === 'manual' && isDiverged(standing)) continue;
    await outgoing.addTimeline(standing.ours, standing.push);
  }
  for (const address of constants.push) await outgoing.addLacking(address);
  const pulled = standings.flatMap(({ timeline, pull }) =>
    pull === undefined ? [] : [{ timeline, known: [...pull] }],
  );
  const pull =
    pulled.length > 0 || constants.pull.length > 0
      ? { timelines: pulled, constants: [...constants.pull] }
      : undefined;
  const load = await exchangeAll({ outgoing, incoming, parts, load: undefined, pull });
  return { stage: 'merging', agreement, outgoing, incoming, load };
};

/** Turns until nothing is left on either side but what fits one more turn; answers that. */
const exchangeAll = async ({
  outgoing,
  incoming,
  parts: { turns, limits },
  load: begun,
  pull,
}: {
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  readonly parts: InitiatorParts;
  /** What was left before. */
  readonly load: Load | undefined;
  readonly pull: Extract<SyncRequest, { stage: 'delta' }>['pull'];
}): Promise<Load> => {
  let lacks: readonly number[] = [];
  let wants = pull;
  let isDone = pull === undefined;
  let load = begun === undefined ? await outgoing.next() : await outgoing.after(begun);
  while (!load.isLast || !isDone) {
    const { says, cargo } = await turns.exchange(
      {
        stage: 'delta',
        offer: [...load.offer],
        lacks: [...lacks],
        ...(wants === undefined ? {} : { pull: wants }),
      },
      load.cargo,
      ['delta'],
    );
    wants = undefined;
    orThrow(await incoming.take(cargo));
    await outgoing.answered(says.lacks);
    lacks = await incoming.lacking(toAddresses(says.offer));
    isDone = says.done;
    load = await outgoing.next(limits);
  }
  return load;
};

/** Makes of what has come what both sides will have, once it is known to hold. */
const merge = async (
  { agreement, outgoing, incoming, load }: Extract<InitiatorState, { stage: 'merging' }>,
  wanted: SyncWanted,
  parts: InitiatorParts,
): Promise<InitiatorState> => {
  const wantedRoots = [
    ...agreement.standings.flatMap(({ pull, theirs }) => (pull === undefined ? [] : (theirs ?? []))),
    ...agreement.constants.pull,
  ];
  orThrow(
    await incoming.quarantine.check(
      [],
      async (quarantined) =>
        surplusFault(quarantined.objects, wantedRoots) ??
        (await mergeFault(quarantined, { syntax: parts.syntax, atMost: stepsOfPulled })),
    ),
  );
  const here: TipSwap[] = [];
  const there: TipSwap[] = [];
  const timelines: SyncedTimeline[] = [];
  for (const standing of agreement.standings) {
    const settled = await settle(standing, wanted, incoming.source, parts);
    orThrow(await incoming.quarantine.add(settled.made));
    timelines.push(settled.timeline);
    const { timeline, ours, theirs, tip, outcome } = settled.timeline;
    if (tip === undefined) continue;
    if (tip !== ours) here.push({ timeline, from: ours, to: tip });
    if (tip !== theirs) there.push({ timeline, from: theirs, to: tip });
    if (outcome !== 'merged' || ours === undefined || theirs === undefined) continue;
    outgoing.addNew(settled.made.map(({ address }) => address));
    await outgoing.addTimeline(tip, [ours, theirs]);
  }
  const last = await exchangeAll({ outgoing, incoming, parts, load, pull: undefined });
  // The other side may have brought more since.
  const roots = [...wantedRoots, ...here.map(({ to }) => to)];
  const checked = await incoming.quarantine.check(here, ({ objects }) => surplusFault(objects, roots));
  if (!checked.ok) {
    const { kind } = checked.problem;
    if (kind !== 'tip-moved') throw new ProblemError(checked.problem);
    return { stage: 'done', outcome: { outcome: 'moved', timeline: here[0]?.timeline } };
  }
  const counts = { sent: outgoing.counts, received: incoming.counts };
  const { selection } = agreement;
  return {
    stage: 'committing',
    selection,
    load: last,
    timelines,
    change: checked.value,
    swapsThere: there,
    counts,
  };
};

/** The other side commits first: a tip that moved here meanwhile is merged in the next attempt, and nothing is lost. */
const commit = async (
  {
    load,
    timelines,
    change,
    swapsThere,
    counts,
    selection,
  }: Extract<InitiatorState, { stage: 'committing' }>,
  { turns, space, signed }: InitiatorParts,
): Promise<InitiatorState> => {
  const swaps = swapsThere.map(({ timeline, from, to }) => ({ timeline, from: from ?? null, to }));
  const { says } = await turns.exchange({ stage: 'commit', swaps }, load.cargo, ['committed', 'moved']);
  if (says.stage === 'moved') {
    return { stage: 'done', outcome: { outcome: 'moved', timeline: toAddresses(says.timelines)[0] } };
  }
  const control = [...signed.waiting, ...(selection === undefined ? [] : [selection])];
  const committed = await space.commit({ objects: [...change.objects, ...control], swaps: change.swaps });
  if (committed.outcome === 'moved') {
    return { stage: 'done', outcome: { outcome: 'moved', timeline: committed.tips[0]?.timeline } };
  }
  signed.kept(control);
  return { stage: 'done', outcome: { outcome: 'synced', timelines, ...counts } };
};

/** What a timeline comes to. */
const settle = async (
  { timeline, ours, theirs, push, pull }: Standing,
  { strategy }: SyncWanted,
  source: ObjectSource,
  parts: InitiatorParts,
): Promise<{ readonly timeline: SyncedTimeline; readonly made: readonly StoredObject[] }> => {
  const both = { timeline, ours, theirs };
  const without = (tip: Address | undefined, outcome: SyncedTimeline['outcome']) => ({
    timeline: told(both, tip, outcome),
    made: [],
  });
  if (ours === theirs) return without(ours, 'same');
  if (theirs === undefined) return without(ours, 'pushed');
  if (ours === undefined) return without(theirs, 'pulled');
  // Of two that both have something to give nothing more has to be known.
  if (push === undefined || pull === undefined) {
    if (await isAncestor(source, ours, theirs)) return without(theirs, 'pulled');
    if (await isAncestor(source, theirs, ours)) return without(ours, 'pushed');
  }
  switch (strategy) {
    case 'manual':
      return without(undefined, 'diverged');
    case 'abort':
      throw await aborted(timeline, parts);
    case 'merge':
    case undefined: {
      const { address: tip, objects } = await mergeFrames(source, ours, theirs, parts.syntax);
      const here = await parts.space.has(objects.map(({ address }) => address));
      const made = objects.filter(
        ({ address }) => !here.has(address) && source.known?.(address) === undefined,
      );
      return { timeline: told(both, tip, 'merged'), made };
    }
    default:
      return strategy satisfies never;
  }
};

/** Both sides have frames that the other lacks. */
const isDiverged = ({ ours, theirs, push, pull }: Standing): boolean =>
  ours !== undefined && theirs !== undefined && push !== undefined && pull !== undefined;

const aborted = async (timeline: Address, { turns }: InitiatorParts): Promise<SagaOver> => {
  await turns.exchange({ stage: 'end' }, [], ['ended']);
  const detail = 'It has moved on at both sides.';
  return new SagaOver(problemOf('sync-aborted', { detail, resource: timeline }));
};

const told = (
  { timeline, ours, theirs }: Pick<SyncedTimeline, 'timeline' | 'ours' | 'theirs'>,
  tip: Address | undefined,
  outcome: SyncedTimeline['outcome'],
): SyncedTimeline => ({ timeline, ours, theirs, tip, outcome });
