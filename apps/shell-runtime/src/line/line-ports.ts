import type { NoticeStatement, Problem } from '@cd-push/protocol';

import type { Appliers } from '../components/applicable.ts';
import type { Link } from '../link/link.ts';
import type { ApplyingMark } from '../record/applying-mark.ts';
import type { RunningState } from '../record/running-state.ts';
import type { Change, TrustedPatch } from './push.ts';

/** What people are told. */
interface Notice {
  readonly text: string;
  readonly from: string;
  readonly statement: NoticeStatement;
}

/** What the line tells the program around it. */
interface LineEvents {
  applied(push: TrustedPatch, changes: readonly Change[]): void;
  /** @param resources names of the files at fault, where the push was trusted. */
  failed(problem: Problem, resources: readonly string[], silent: boolean): void;
  /** @returns when all who listen have heard it, where that can be known. */
  notice(notice: Notice): void | Promise<void>;
}

/** The last gate before a push may have an effect. */
export interface Gate {
  /** Waits for the relay's acceptance; the problem says why it does not hold. */
  passed(): Promise<Problem | undefined>;
  /**
   * Reports that the push was received and verified.
   *
   * @param runsCode whether code of it runs next. If not, the report of its end, which is a matter of no time, says it as well.
   */
  delivered(runsCode: boolean): void;
}

/** What a platform gives to the delivery line. */
export interface LinePorts {
  readonly link: Link;
  readonly state: RunningState;
  readonly appliers: Appliers;
  readonly mark: ApplyingMark;
  readonly events: LineEvents;
  readonly instance: string;
  /** Runs what the app registered under the name. Throws a `ProblemError` where it cannot, rejects where it fails. */
  readonly execute: (operation: string, args: unknown) => Promise<unknown>;
  /** What a file of the base was served with. Rejects where that cannot be had. */
  readonly served: (resource: string) => Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes that did not travel along with a push, from the relay. */
  readonly content: Link['content'];
  /** Why no push can be judged here at all, for example because signatures cannot be checked. */
  readonly refuseAll?: Problem | undefined;
}
