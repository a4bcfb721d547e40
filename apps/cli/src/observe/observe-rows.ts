import { isSettled } from '@cd-push/protocol';

import { describePush } from '../sync/describe-push.ts';
import { isWaitedFor, outcomeRow, pushRow, type RowOutcome, type Way } from '../sync/push-row.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import { shortGuid, shortRecipient } from '../sync/short-ids.ts';
import { fold } from '../talk/fold.ts';
import type { Pen } from '../talk/pen.ts';
import { commandOf, failureReason } from '../sync/correction-text.ts';
import type { Moved } from './observe-view.ts';
import type { ObservedPush, ObservedTrack } from './observed-push.ts';

/** What rows are written with. */
export interface RowStyle {
  readonly pen: Pen;
  readonly names: RecipientNames;
  /** Subjects of whoever looks; their own pushes need no name. */
  readonly me: ReadonlySet<string>;
}

/** One recipient of a push among others. */
export const trackRow = (
  style: RowStyle,
  push: ObservedPush,
  track: ObservedTrack,
  { isExplained = false }: { readonly isExplained?: boolean } = {},
): string => {
  const attempt = track.attempt > 1 ? `attempt ${track.attempt}` : '';
  const above = isExplained ? '   as above' : '';
  const about = `${aboutOf(style, push, attempt)}${above}`;
  return pushRow(style.pen, wayOf(track), style.names, { initTime: push.initTime, about });
};

/** At how many of its recipients a push took effect. */
export const settledRow = (style: RowStyle, push: ObservedPush): string => {
  const { pen, names } = style;
  const tracks = [...push.tracks.values()];
  const [only] = tracks;
  const times = tracks.flatMap(({ state }) => (state.stage === 'completed' ? [state.times.completed] : []));
  const text = `${pen.marks.done} ${Math.max(...times) - push.initTime} ms`;
  const who =
    only !== undefined && tracks.length === 1
      ? names.nameOf(only.recipient)
      : `${times.length} of ${tracks.length} recipients`;
  return outcomeRow(pen, { text, colour: 'green' }, who.padEnd(names.width), aboutOf(style, push));
};

/** A push that is under way: how far the last of its recipients is, and who that is. */
export const openRow = (style: RowStyle, push: ObservedPush): string => {
  const { pen, names } = style;
  const open = [...push.tracks.values()].filter(({ state }) => !isSettled(state));
  // A push may have thousands of them, and is drawn often.
  let last = open[0];
  for (const track of open) if (last !== undefined && weightOf(track) < weightOf(last)) last = track;
  const who = last === undefined ? '' : names.nameOf(last.recipient);
  const more = open.length > 1 ? ` and ${open.length - 1} more` : '';
  const attempt = last !== undefined && last.attempt > 1 ? `attempt ${last.attempt}` : '';
  const about = aboutOf(style, push, attempt);
  return outcomeRow(pen, standingOf(pen, open, last), `${who}${more}`.padEnd(names.width), about);
};

/** An attempt that waits to be opened, or will not be. */
export const retryRow = (
  style: RowStyle,
  push: ObservedPush,
  recipient: string,
  { when, note }: { readonly when: string; readonly note: string },
): string => {
  const { pen, names } = style;
  const text = `${pen.marks.again} ${when}`;
  const name = names.nameOf(recipient).padEnd(names.width);
  return outcomeRow(pen, { text, colour: 'cyan' }, name, aboutOf(style, push, note));
};

/** A failure in full, to stand below its row: why it came about, and what is done, or can be done, about it. */
export const failureLines = (
  { pen, names }: RowStyle,
  { push, track, decision }: Moved,
  budget: number | undefined,
): { readonly why: readonly string[]; readonly remedy: readonly string[] } => {
  const { recipient } = track;
  const indented = (text: string): string[] => fold(text, pen.columns, '    ');
  const why = failureReason(pen, push.view, track, names.factsOf(recipient).kind);
  const ids = { guid: shortGuid(push.view.pushGuid), recipient: shortRecipient(recipient) };
  const command = track.correction && commandOf(track.correction, push.view, ids);
  const commands = command === undefined ? [] : [`    ${command}`];
  switch (decision?.kind) {
    case 'waiting': {
      const { attempt, inMs } = decision;
      return { why, remedy: indented(`Tried again in ${seconds(inMs)}: attempt ${attempt} of ${budget}.`) };
    }
    case 'spent': {
      const given = indented(`Not tried again: ${decision.attempts} attempts are spent. Once it is mended:`);
      return { why, remedy: [...given, `    cd-cli retry ${ids.guid} --target ${ids.recipient}`] };
    }
    case 'left':
      return { why, remedy: [...commands, ...indented('Not tried again: that alone would not help.')] };
    case undefined:
      return { why, remedy: commands };
    default:
      return decision satisfies never;
  }
};

/** By what it is asked after, and what it brings; it goes last, as what may be cut. */
const aboutOf = ({ me }: RowStyle, { view }: ObservedPush, note = ''): string => {
  const by = me.has(view.sender) ? [] : [`by ${view.sender}`];
  return [shortGuid(view.pushGuid), ...(note === '' ? [] : [note]), describePush(view), ...by].join('   ');
};

const wayOf = ({ recipient, attempt, state, problem, isHeld }: ObservedTrack): Way => ({
  recipient,
  attempt,
  stage: state.stage,
  times: state.times,
  problem,
  isHeld,
});

const standingOf = (
  { marks }: Pen,
  open: readonly ObservedTrack[],
  last: ObservedTrack | undefined,
): RowOutcome => {
  if (open.every(({ isHeld }) => isHeld)) return { text: `${marks.held} held`, colour: 'yellow' };
  if (open.every((track) => isWaitedFor(wayOf(track))))
    return { text: `${marks.away} away`, colour: 'yellow' };
  return { text: `${marks.waiting} ${last?.state.stage ?? 'open'}`, colour: 'cyan' };
};

const order = ['initialized', 'relayed', 'pushed', 'delivered'];

/** Whoever can be waited for goes before those that are away or held, and among them whoever is furthest behind. */
const weightOf = (track: ObservedTrack): number =>
  (isWaitedFor(wayOf(track)) ? order.length : 0) + order.indexOf(track.state.stage);

const seconds = (milliseconds: number): string => `${Math.max(1, Math.round(milliseconds / 1000))} s`;
