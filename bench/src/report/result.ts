import { Type, type Static } from 'typebox';

/** What a figure must be: one of the two. */
const BarSchema = Type.Union([
  Type.Object({ atMost: Type.Number() }),
  Type.Object({ atLeast: Type.Number() }),
]);
export type Bar = Static<typeof BarSchema>;

const Measure = Type.Union([Type.Number(), Type.Null()]);

/** One line of the table. All measures are null where what they measure was not there. */
const FigureSchema = Type.Object({
  id: Type.String(),
  /** What was measured in parts of its anchor, as the median over rounds; or a size, see `unit`. */
  ratio: Measure,
  /** The same against the anchor without signing; null where nothing is signed. */
  bare: Measure,
  /** Extremes over the rounds. */
  min: Measure,
  max: Measure,
  /** The interval that holds the ratio with 95 % likelihood. */
  low: Measure,
  high: Measure,
  unit: Type.Optional(Type.String()),
  /** Null for what is told and not asked for. */
  bar: Type.Union([BarSchema, Type.Null()]),
  holds: Type.Union([Type.Boolean(), Type.Null()]),
  note: Type.Optional(Type.String()),
});
export type Figure = Static<typeof FigureSchema>;

const MachineSchema = Type.Object({
  node: Type.String(),
  platform: Type.String(),
  processor: Type.String(),
  processors: Type.Integer(),
  memoryGb: Type.Number(),
  /** Processors that servers and clients were held to; null where the system cannot. */
  pinned: Type.Union([Type.Object({ servers: Type.Integer(), clients: Type.Integer() }), Type.Null()]),
  /** What is on disk before a push is answered, by where the journal is kept. */
  fsync: Type.Record(Type.String(), Type.String()),
  commit: Type.String(),
  /** What was made slower on purpose; null where nothing was. */
  planted: Type.Union([Type.String(), Type.Null()]),
  startedAt: Type.String(),
  /** Load averages over a minute, at the start and at the end: what else the machine had to do. */
  load: Type.Object({ start: Type.Number(), end: Type.Number() }),
});
export type Machine = Static<typeof MachineSchema>;

export const ResultSchema = Type.Object({
  machine: MachineSchema,
  figures: Type.Array(FigureSchema),
  suites: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
});
export type Result = Static<typeof ResultSchema>;
