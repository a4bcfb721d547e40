import { Type, type Static, type TSchema } from 'typebox';

/** On every line: who tells it, and when by which clock. */
const origin = {
  /** Who tells: `sender-1`, `runtime-2`, `observer`, `harness`. The lines of one teller are in their order. */
  by: Type.String({ minLength: 1 }),
  /** Tells the processes or threads apart that one after the other were this teller: when it began, by `machineMs`. */
  life: Type.Integer({ minimum: 0 }),
  /** Counts the lines of one life; one that is missing was lost. */
  line: Type.Integer({ minimum: 1 }),
  /** The teller's own clock, in milliseconds since the epoch; a fault may have moved it. */
  at: Type.Number(),
  /** The machine's monotonic clock in milliseconds: the same for all processes, and nothing moves it. */
  machineMs: Type.Number(),
};

const kindOf = <Kind extends string, Members extends Record<string, TSchema>>(kind: Kind, members: Members) =>
  Type.Object({ ...origin, kind: Type.Literal(kind), ...members });

const GuidSchema = Type.String({ minLength: 1 });
/** Which push brought what is in place of each resource; null for what the base holds. */
const StandingSchema = Type.Record(Type.String(), Type.Union([GuidSchema, Type.Null()]));

const stages = [
  'initialized',
  'relayed',
  'pushed',
  'delivered',
  'completed',
  'failed',
  'expired',
  'superseded',
] as const;
export type Stage = (typeof stages)[number];

const TrackSchema = Type.Object({
  recipient: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  stage: Type.Enum([...stages]),
  /** Kind of the problem of one that failed. */
  problem: Type.Optional(Type.String()),
});
export type Track = Static<typeof TrackSchema>;

/** What participants note of what they do and see: one line of JSON each. */
export const EventSchema = Type.Union([
  /** First line of a run. */
  kindOf('run', {
    seed: Type.Integer(),
    minutes: Type.Number(),
    nodes: Type.Integer(),
    store: Type.Enum(['postgres', 'sqlite']),
  }),
  /** Faults of a round begin; `healed` says that all of them are over and everyone who was killed is started again. */
  kindOf('round', { round: Type.Integer() }),
  kindOf('fault', {
    round: Type.Integer(),
    fault: Type.String(),
    whom: Type.String(),
    /** Processes that it ended with SIGKILL. */
    kills: Type.Integer({ minimum: 0 }),
  }),
  kindOf('healed', { round: Type.Integer() }),
  kindOf('converged', { round: Type.Integer() }),

  /** A sender is about to send a push. */
  kindOf('invoke', {
    push: GuidSchema,
    carries: Type.Enum(['patch', 'notice', 'operation']),
    /** Files that it changes; none for a message. */
    resources: Type.Array(Type.String()),
    /** Recipients by name, or everyone who runs the module. */
    to: Type.Union([Type.Literal('everyone'), Type.Array(Type.String())]),
    /** Session that signs it. */
    session: Type.String(),
    /** Milliseconds since the epoch by the sender's clock, or null for the usual week. */
    deliverBy: Type.Union([Type.Number(), Type.Null()]),
  }),
  /** The relay answered that it takes care of it. */
  kindOf('ok', { push: GuidSchema, duplicate: Type.Boolean(), recipients: Type.Array(Type.String()) }),
  /** The relay refused it for good. */
  kindOf('fail', { push: GuidSchema, problem: Type.String() }),
  /** Nobody answered: it may have been accepted or not. */
  kindOf('unknown', { push: GuidSchema, problem: Type.String() }),
  /** A sender that was asked to end has nothing more to send. */
  kindOf('drained', {}),

  /** A runtime was let in and knows its name. What a hostile one says of itself counts for nothing. */
  kindOf('joined', { runtime: Type.String(), recipient: Type.String(), isHostile: Type.Boolean() }),
  /** A program of a runtime starts, with what it finds in place. */
  kindOf('start', { runtime: Type.String(), standing: StandingSchema }),
  /** A push took effect in a running program: of a file, or of the message where `resource` is null. */
  kindOf('effect', {
    runtime: Type.String(),
    push: GuidSchema,
    resource: Type.Union([Type.String(), Type.Null()]),
  }),
  /** What a running program holds when it is asked at the end. */
  kindOf('state', { runtime: Type.String(), standing: StandingSchema }),

  /** Somebody was told how far a push has come. */
  kindOf('read', {
    push: GuidSchema,
    /** Place in the journal; null where it was not told along. */
    offset: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
    tracks: Type.Array(TrackSchema),
  }),
  /** The relay says that it knows no such push. */
  kindOf('absent', { push: GuidSchema }),
  /** The api has ended a session: what is signed in it from now on must come to nothing. */
  kindOf('revoked', { session: Type.String() }),
]);
export type Event = Static<typeof EventSchema>;
export type EventOf<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>;

/** What a teller says; the writer adds who and when. */
export type Said = { [Kind in Event['kind']]: Omit<EventOf<Kind>, keyof typeof origin> }[Event['kind']];
