import type { Check, Side } from '@cd-push/timeline';

/** What the page is told. */
export interface ScenarioView {
  readonly number: number;
  readonly title: string;
  readonly about: string;
  /** Titles of its situations. */
  readonly situations: readonly string[];
}

export interface FrameView {
  readonly address: string;
  readonly height: number;
  readonly parents: readonly string[];
  /** What it changes, in a few words. */
  readonly label: string;
  readonly isMerge: boolean;
  /** Whether something in it is in conflict. */
  readonly hasConflict: boolean;
  /** Whether the other side has it too. */
  readonly isShared: boolean;
}

/** A timeline as one side has it: from its tip back, the latest first. */
export interface HistoryView {
  readonly frames: readonly FrameView[];
  /** Frames that are left out between the last of these but one and the last. */
  readonly leftOut: number;
}

interface TimelineView {
  readonly name: string;
  readonly sides: Readonly<Record<Side, HistoryView>>;
}

interface ConstantView {
  readonly name: string;
  readonly sides: Readonly<Record<Side, boolean>>;
}

/** How both sides stand. */
export interface StandView {
  readonly timelines: readonly TimelineView[];
  readonly constants: readonly ConstantView[];
}

/** A saga that was run. */
export interface SagaView {
  readonly initiator: Side;
  readonly sent: number;
  readonly received: number;
  readonly messages: number;
  readonly bytes: number;
  /** How it ended: well, or with a problem of this kind. */
  readonly end: string;
}

export const steps = ['set-up', 'run', 'check'] as const;
export type Step = (typeof steps)[number];

/** What came of a step. */
export interface StepView {
  readonly step: Step;
  readonly stand: StandView;
  /** Those of this step. */
  readonly sagas: readonly SagaView[];
  /** Of the step `check`. */
  readonly checks: readonly Check[];
  /** Why the step could not be taken. */
  readonly failure: string | undefined;
}
