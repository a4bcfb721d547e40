import type { AwaitedStage, RecipientTrack } from '@cd-push/client';
import type { Problem } from '@cd-push/protocol';

import type { LineName } from './line.ts';

/** A recipient's track, and through which relay it is reached. */
export interface LineTrack extends RecipientTrack {
  readonly line: LineName;
}

export interface LineRefusal {
  readonly line: LineName;
  readonly problem: Problem;
}

/** A relay that takes care of a push, and of whom. */
export interface AcceptedBy {
  readonly line: LineName;
  readonly recipients: readonly string[];
  /** Whether it had accepted the push before. */
  readonly isDuplicate: boolean;
}

/** What the relays said. */
export interface LineAnswers {
  readonly accepted: readonly AcceptedBy[];
  readonly refused: readonly LineRefusal[];
  /** Those that have not said anything yet. */
  readonly unanswered: readonly LineName[];
}

/** A push that is under way at one relay or two, as a command follows it. */
export interface FollowedPush {
  readonly pushGuid: string;
  /** When it came about, on the servers' clock. */
  readonly initTime: number;
  /** From when on people are told how long it takes. */
  readonly since: number;
  /** When every relay has answered. */
  readonly answers: Promise<LineAnswers>;
  readonly answersSoFar: LineAnswers;
  /** Of every recipient that is followed. */
  readonly tracks: readonly LineTrack[];
  /** Calls back with every change of every recipient's track until nothing more can change or the signal says so. */
  follow(onChange: (track: LineTrack) => void, signal: AbortSignal): Promise<void>;
  /** Resolves when every recipient has reached the stage or ended short of it. */
  settled(stage: AwaitedStage, signal: AbortSignal): Promise<void>;
}
