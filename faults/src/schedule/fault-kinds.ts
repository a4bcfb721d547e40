import type { Draw } from './draw.ts';
import type { Roster } from './roster.ts';

/** What can be done to whom, for how long, and how much of it. */
interface FaultKind {
  readonly whom: (roster: Roster) => readonly string[];
  /** Milliseconds between which it lasts. */
  readonly lastsMs: readonly [number, number];
  /** How much: kills in a row, milliseconds of delay or of a jump, messages. One by default. */
  readonly amount?: (draw: Draw) => number;
  /** How often it comes for each time that the others come; 1 by default. */
  readonly weight?: number;
}

const second = 1_000;
const hour = 3_600 * second;

/** Kills one after the other, each as soon as the one before it is started again. */
const kills = (draw: Draw): number => (draw.chance(0.25) ? 2 : 1);
/** Within what clocks may differ by, and far beyond it. */
const jumps = [-hour, -45 * second, 45 * second, hour];

const relays = ({ relays: all }: Roster) => all;
const runtimes = ({ runtimes: all }: Roster) => all;
const senders = ({ senders: all }: Roster) => all;
const links = ({ links: all }: Roster) => all;
const runtimeLinks = (roster: Roster) => roster.runtimes.map((name) => `${name}>relay`);
const senderLinks = (roster: Roster) => roster.senders.map((name) => `${name}>relay`);
const postgres = ({ store }: Roster) => (store === 'postgres' ? ['postgres'] : []);
const redis = ({ store }: Roster) => (store === 'postgres' ? ['redis'] : []);

/** Every kind of fault. One whose `whom` is empty does not exist in that run. */
const faultKinds = {
  /** SIGKILL of a relay; it is started again on what it had written. */
  'relay-kill': { whom: relays, lastsMs: [200, 2_000], amount: kills, weight: 2 },
  'relay-pause': { whom: relays, lastsMs: [500, 4_000] },
  'api-kill': { whom: () => ['api'], lastsMs: [200, 3_000], amount: kills },
  'sender-kill': { whom: senders, lastsMs: [100, 1_500], amount: kills, weight: 2 },
  'runtime-kill': { whom: runtimes, lastsMs: [100, 2_000], amount: kills, weight: 2 },
  'runtime-pause': { whom: runtimes, lastsMs: [500, 4_000] },
  /** The database is stopped at once, without a shutdown of its own, and recovers at the next start. */
  'postgres-stop': { whom: postgres, lastsMs: [300, 3_000] },
  'postgres-pause': { whom: postgres, lastsMs: [500, 4_000] },
  'redis-kill': { whom: redis, lastsMs: [300, 3_000] },
  'redis-flush': { whom: redis, lastsMs: [0, 500], amount: (draw) => draw.between(1, 3) },
  /** Every connection of a link is reset. */
  reset: { whom: links, lastsMs: [0, 500], amount: (draw) => draw.between(1, 3) },
  /** Nothing passes in either direction, and nobody is told. */
  partition: { whom: links, lastsMs: [500, 5_000] },
  'one-way': { whom: links, lastsMs: [500, 5_000], amount: (draw) => draw.between(0, 1) },
  /** One end of the connections is gone, and the other is not told until the end of the round. */
  'half-open': { whom: links, lastsMs: [500, 4_000], amount: (draw) => draw.between(0, 1) },
  delay: { whom: links, lastsMs: [1_000, 4_000], amount: (draw) => draw.between(20, 500) },
  /** No file of the journal may grow any more. */
  'disk-full': {
    whom: ({ store, relays: all }) => (store === 'postgres' ? ['postgres'] : all),
    lastsMs: [300, 3_000],
  },
  'clock-jump': {
    whom: (roster) => [...roster.relays, 'api', ...roster.senders, ...roster.runtimes],
    lastsMs: [500, 4_000],
    amount: (draw) => draw.pick(jumps),
  },
  /** Acknowledgements of a runtime arrive twice. */
  'ack-repeat': { whom: runtimeLinks, lastsMs: [1_000, 4_000] },
  /** Acknowledgements of a runtime arrive in another order. */
  'ack-reorder': { whom: runtimeLinks, lastsMs: [1_000, 4_000] },
  /** A hostile runtime acknowledges what is not its own, and its own in every wrong way. */
  'ack-forge': { whom: () => ['hostile'], lastsMs: [500, 2_000], amount: (draw) => draw.between(20, 60) },
  /** A session is ended, and whoever had it goes on by the token that is left. */
  'session-end': { whom: () => ['former'], lastsMs: [1_000, 2_000] },
  /** Pushes arrive at the relay twice. */
  'push-repeat': { whom: senderLinks, lastsMs: [1_000, 4_000] },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof faultKinds;

/** The kinds by name, each as a {@link FaultKind}. */
export const faultKindOf = (name: FaultName): FaultKind => faultKinds[name];

const isFaultName = (name: string): name is FaultName => Object.hasOwn(faultKinds, name);

/** The kinds that there are in a run, as often as their weight says. */
export const faultsOf = (roster: Roster): FaultName[] =>
  Object.keys(faultKinds)
    .filter(isFaultName)
    .filter((name) => faultKindOf(name).whom(roster).length > 0)
    .flatMap((name) => Array.from({ length: faultKindOf(name).weight ?? 1 }, () => name));
