import type { Address } from '../../objects/address.ts';
import type { ValueMap } from '../../objects/value.ts';
import type { Space } from '../../space/space.ts';
import type { SyncResult, SyncWanted } from '../sync-result.ts';

export type Side = 'a' | 'b';

/** Two sides, and what goes between them; however it goes. */
export interface ScenarioPair {
  readonly spaces: Readonly<Record<Side, Space>>;
  /** What a timeline of this name begins with; a name that no other timeline of these spaces has begun with. */
  origin(name: string): ValueMap;
  /** A saga that one side begins; both sides have what came of it once it resolves. */
  sync(initiator: Side, wanted: SyncWanted): Promise<SagaReport>;
}

export interface SagaReport {
  readonly result: SyncResult;
  /** Requests and answers, and bytes of them, as they went. */
  readonly messages: number;
  readonly bytes: number;
}

/** Something that has to hold, and whether it did. */
export interface Check {
  readonly title: string;
  readonly holds: boolean;
  /** What was found where it does not. */
  readonly found?: string | undefined;
}

/** One situation, step by step, so that somebody can look at both sides in between. */
export interface SituationRun {
  setUp(): Promise<void>;
  run(): Promise<void>;
  /** Everything that has to hold, that of {@link run} included. */
  check(): Promise<readonly Check[]>;
  /** What is spoken of, by the names that it has in the telling. */
  readonly timelines: ReadonlyMap<string, Address>;
  readonly constants: ReadonlyMap<string, Address>;
}

/**
 * What comes of a situation where one side may read and not write, and begins every saga: the same, a refusal, or nothing
 * that could be told of it, because it is another situation then.
 */
export type IfReadOnly = 'holds' | 'refused' | 'another';

export interface Situation {
  readonly title: string;
  /** By the side that may not write. */
  readonly readOnly: Readonly<Record<Side, IfReadOnly>>;
  readonly begin: (pair: ScenarioPair) => SituationRun;
}

/** One of the ten situations in which two sides may be, with what belongs to it. */
export interface SyncScenario {
  readonly number: number;
  readonly title: string;
  /** What it is about, in a sentence. */
  readonly about: string;
  readonly situations: readonly [Situation, ...Situation[]];
}
