import type { Address } from '@cd-push/timeline';

import { divergences } from '../checker/divergences.ts';
import type { Finding } from '../checker/finding.ts';
import { lostEdits } from '../checker/lost-edits.ts';
import { unstableAddresses } from '../checker/unstable-addresses.ts';
import { Draw } from '../draw/draw.ts';
import type { Engine } from '../engine/engine.ts';
import type { Plan } from '../plan/plan.ts';
import { perform } from './steps.ts';
import { World, type Log } from './world.ts';

/** What came of a history. */
export interface Outcome {
  /** Changes that were committed. */
  readonly operations: number;
  /** Pairs of changes of one timeline of which neither had seen the other. */
  readonly concurrentPairs: number;
  /** Merge frames that replicas computed. */
  readonly merges: number;
  /** Of those that differ, the ones with more than one merge base. */
  readonly crissCrosses: number;
  /** Conflicts that arose in merges. */
  readonly conflicts: number;
  readonly crashes: number;
  readonly findings: readonly Finding[];
}

/** Rounds of everybody with everybody until nothing is new; two are enough where merges are what they should be. */
const mostRounds = 8;

/** Plays a history, has everybody hear of everything, and looks at what they have. */
export const runHistory = async (
  { replicas, steps, seed, history }: Plan,
  engine: Engine,
  log: Log = () => undefined,
): Promise<Outcome> => {
  const world = new World(replicas, engine, log);
  // Drawn apart from the steps, so that it is the same where some are left out.
  const draw = Draw.ofHistory(seed, history);
  try {
    await begin(world, draw);
    for (const step of steps) {
      log(() => `${step.number}. ${step.kind}`);
      await perform(world, step);
    }
    await settleDown(world, draw);
    await judge(world, engine);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.findings.push({ count: 'divergences', what: `it ends with ${why}` });
  }
  const committed = world.merges.filter(({ tip }) => world.pool.frameOf(tip) !== undefined);
  const mergeFrames = new Set(committed.map(({ tip }) => tip));
  for (const { count, what } of world.findings) log(() => `${count}: ${what}`);
  return {
    operations: world.editor.operations,
    concurrentPairs: world.ledger.concurrentPairs(),
    merges: world.merges.length,
    crissCrosses: [...mergeFrames].filter((tip) => (world.pool.frameOf(tip)?.bases.length ?? 0) > 1).length,
    conflicts: conflictsIn(world, mergeFrames),
    crashes: world.crashes,
    findings: world.findings,
  };
};

/** Everybody has one document, and most often a resource with its manifest. */
const begin = async (world: World, draw: Draw): Promise<void> => {
  const [first, ...others] = world.replicas;
  if (first === undefined) return;
  await world.editor.createDocument(first, undefined, draw);
  if (draw.chance(0.6)) await world.editor.createResource(first, draw);
  for (const other of others) await world.take(other, first.bundleFor(other.name, []));
  world.log(
    () =>
      `begin: ${first
        .tips()
        .map(({ timeline }) => world.pool.nameOf(timeline))
        .join(', ')}`,
  );
};

/** What is on its way arrives or is lost; then everybody talks to somebody until nobody hears anything new. */
const settleDown = async (world: World, draw: Draw): Promise<void> => {
  world.log(() => 'until it is quiet');
  for (let left = 2 * world.network.size; left > 0 && world.network.size > 0; left -= 1) {
    await perform(world, { number: 0, kind: 'deliver', seed: draw.seed() });
  }
  for (let round = 1; round <= mostRounds; round += 1) {
    if (isQuiet(world)) return;
    const order = draw.shuffled(world.replicas);
    for (const [index, replica] of order.entries()) {
      const next = order[(index + 1) % order.length];
      if (next !== undefined) await world.exchange(replica, next);
    }
  }
  if (!isQuiet(world)) {
    world.findings.push({ count: 'divergences', what: `there is no quiet after ${mostRounds} rounds` });
  }
};

const isQuiet = ({ replicas }: World): boolean =>
  new Set(
    replicas.map((replica) =>
      replica
        .tips()
        .map(({ tip }) => tip)
        .join(' '),
    ),
  ).size === 1;

const judge = async (world: World, engine: Engine): Promise<void> => {
  const { findings, ledger, pool, replicas, merges } = world;
  findings.push(...divergences(pool, replicas));
  const [first] = replicas;
  for (const timeline of ledger.timelines()) {
    const tip = first?.space.tip(timeline);
    if (tip === undefined) findings.push({ count: 'lostEdits', what: `${pool.nameOf(timeline)} is nowhere` });
    else findings.push(...lostEdits(ledger, pool, timeline, tip));
  }
  findings.push(...(await unstableAddresses(merges, replicas, engine)));
};

/** Places that are in conflict in a merge frame, and in neither of what was merged. */
const conflictsIn = ({ pool, ledger }: World, mergeFrames: ReadonlySet<Address>): number => {
  let conflicts = 0;
  for (const tip of mergeFrames) {
    const before = (pool.frameOf(tip)?.parents ?? []).flatMap(
      (parent) => ledger.occurrencesOf(parent).conflicts,
    );
    const places = new Set(before);
    conflicts += ledger.occurrencesOf(tip).conflicts.filter((place) => !places.has(place)).length;
  }
  return conflicts;
};
