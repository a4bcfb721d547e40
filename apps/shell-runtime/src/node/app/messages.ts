import type { Problem } from '@cd-push/protocol';

import type { SavedEdit } from '../../edits/saved-edit.ts';
import type { Change } from '../../line/push.ts';
import type { StandingResource } from '../contents/standing.ts';

/** What an app thread is started with. */
export interface AppSetup {
  /** Resource whose evaluation starts the program. */
  readonly entry: string;
  readonly module: string;
  /** Folder from which bare imports are resolved, and of which `import.meta.url` speaks. */
  readonly projectDir: string;
  readonly contentDir: string;
  /** All that stands: the base, and what was pushed on top of it. */
  readonly resources: readonly StandingResource[];
  /** Milliseconds for evaluating, accepting and health checks of one push together. */
  readonly settleMs: number;
  /** UTF-16 units of source that the thread may keep before it asks to be replaced. */
  readonly retainedBytes: number;
}

/** What modules left in `hot.data`, by resource, as far as it can be cloned. */
export type LeftData = Readonly<Record<string, Record<string, unknown>>>;

/** How a push ended in the app thread. */
export type Applied =
  | { readonly outcome: 'applied'; readonly updated: readonly string[]; readonly retained: Retained }
  /** Nothing was touched: no module accepts the change, so only a fresh start can take it in. */
  | { readonly outcome: 'unaccepted'; readonly problem: Problem }
  /** `restored` is false where what was there before does not run again either. */
  | { readonly outcome: 'failed'; readonly problem: Problem; readonly restored: boolean };

/** What listeners in the program hear, by event. */
export interface ToldEvents {
  applied: {
    readonly pushGuid: string;
    readonly resources: readonly string[];
    readonly signer: string;
    readonly silent: boolean;
  };
  failed: { readonly problem: Problem; readonly resources: readonly string[] };
  notice: { readonly text: string; readonly from: string };
}
export type Told = {
  [Event in keyof ToldEvents]: { readonly event: Event; readonly payload: ToldEvents[Event] };
}[keyof ToldEvents];

interface Retained {
  readonly bytes: number;
  /** Whether that is above the bound. */
  readonly restartAsked: boolean;
}

/** Supervisor → app thread; each is answered. */
export interface AppCommands {
  /** Loads the entry with all that it imports; nothing is evaluated. */
  prepare: { payload: null; value: null };
  /** Evaluates the entry. Answers with the problem that it threw, or null. A later push may repair it. */
  run: { payload: LeftData; value: Problem | null };
  apply: { payload: readonly Change[]; value: Applied };
  operate: { payload: { readonly name: string; readonly args: unknown }; value: null };
  /** Disposes of everything, importers first, and gives what was left for the next thread. */
  release: { payload: null; value: LeftData };
  /** Tells those who listen in the program. */
  tell: { payload: Told; value: null };
  /** What became of an edit that a module has saved. */
  'edit-settled': { payload: { readonly id: number; readonly saved: SavedEdit }; value: null };
  /** Says nothing but that the thread still turns. */
  ping: { payload: null; value: null };
}
export type AppCommand = keyof AppCommands;

export type Down = { [Command in AppCommand]: Order<Command> }[AppCommand];
export interface Order<Command extends AppCommand> {
  readonly id: number;
  readonly command: Command;
  readonly payload: AppCommands[Command]['payload'];
}

/** App thread → supervisor. */
export type Up =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly problem: Problem }
  /** A module gave up its own change and nobody above accepts it. */
  | { readonly kind: 'restart-asked'; readonly detail: string }
  /** A module has saved an edit. */
  | { readonly kind: 'save-edit'; readonly id: number; readonly resource: string; readonly text: string };
