import type { CliContext } from '../cli-context.ts';
import { printable } from '../printable.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { LineName } from '../sync/line.ts';
import { printJson } from '../talk/print-json.ts';
import { Pen } from '../talk/pen.ts';
import { Talk } from '../talk/talk.ts';
import { textOf } from '../transform/base-entry.ts';
import { conflictLines, type ConflictPiece, type ConflictTexts } from './conflict-texts.ts';
import type { OpenConflict } from './working-copy.ts';

/** A conflict as people get to see it. */
export interface ShownConflict {
  readonly relay: LineName;
  readonly conflict: OpenConflict;
  readonly texts: ConflictTexts;
}

/** Lines around a place that are shown of what is settled. */
const around = 2;

/** Which files wait for somebody. */
export const listConflicts = (
  context: CliContext,
  settings: Settings,
  found: readonly ShownConflict[],
  json: boolean,
): void => {
  const talk = new Talk(context);
  if (json) {
    for (const one of found) printJson(context, factsOf(settings, one));
    return;
  }
  if (found.length === 0) {
    talk.say('Nothing is in conflict.');
    return;
  }
  for (const { conflict, texts } of found) {
    const by = conflict.by === undefined ? 'somebody' : printable(conflict.by);
    talk.say(
      `${talk.paint('red', `${talk.pen.marks.failed} conflict `)}  ${talk.paint('bold', printable(pathOf(settings, conflict)))}   with what ${by} pushed${placesOf(texts)}`,
    );
  }
  const [first] = found;
  if (first !== undefined)
    talk.next(`See all three texts: cd-cli resolve ${printable(pathOf(settings, first.conflict))}`);
};

/** What both started from, what is here, and what the other pushed. */
export const showConflict = (
  context: CliContext,
  settings: Settings,
  shown: ShownConflict,
  json: boolean,
): void => {
  const { conflict, texts } = shown;
  if (json) {
    printJson(context, {
      ...factsOf(settings, shown),
      base: shownText(texts.base),
      ours: shownText(texts.ours),
      theirs: shownText(texts.theirs),
    });
    return;
  }
  const pen = new Pen(context.process.stdout, context.process.env);
  const write = (line: string): void => void context.process.stdout.write(`${line}\n`);
  const by = conflict.by === undefined ? 'somebody' : printable(conflict.by);
  write(`${pen.paint('bold', printable(pathOf(settings, conflict)))}   you, and what ${by} pushed`);
  if (texts.pieces === undefined) {
    for (const [label, bytes] of Object.entries({ base: texts.base, ours: texts.ours, theirs: texts.theirs }))
      write(`  ${label.padEnd(7)} ${bytes === null ? 'no such file' : `${bytes.length} bytes`}`);
  } else {
    writePieces(pen, texts.pieces, write);
  }
  const path = printable(pathOf(settings, conflict));
  new Talk(context).next(
    `Settle it: cd-cli resolve ${path} --take ours|theirs|both|base\nOr edit the file, then: cd-cli resolve ${path} --done`,
  );
};

const writePieces = (pen: Pen, pieces: readonly ConflictPiece[], write: (line: string) => void): void => {
  const places = conflictLines(pieces);
  let place = 0;
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'merged') {
      const lines = linesOf(piece.text);
      const head = index === 0 ? [] : lines.slice(0, around);
      const tail =
        index === pieces.length - 1 ? [] : lines.slice(Math.max(head.length, lines.length - around));
      for (const line of head) write(pen.paint('dim', `          ${printable(line)}`));
      if (head.length + tail.length < lines.length && index > 0 && index < pieces.length - 1)
        write(pen.paint('dim', '          …'));
      for (const line of tail) write(pen.paint('dim', `          ${printable(line)}`));
      continue;
    }
    const at = places[place];
    place += 1;
    write(pen.paint('dim', `line ${at?.first ?? 1}`));
    writeSide(pen, 'base', 'dim', piece.base, write);
    writeSide(pen, 'ours', 'green', piece.ours, write);
    writeSide(pen, 'theirs', 'cyan', piece.theirs, write);
  }
};

const writeSide = (
  pen: Pen,
  label: string,
  colour: 'dim' | 'green' | 'cyan',
  text: string,
  write: (line: string) => void,
): void => {
  const lines = linesOf(text);
  if (lines.length === 0) write(pen.paint(colour, `  ${label.padEnd(7)} (nothing)`));
  for (const [index, line] of lines.entries())
    write(pen.paint(colour, `  ${(index === 0 ? label : '').padEnd(7)} ${printable(line)}`));
};

const linesOf = (text: string): string[] => {
  const lines = text.split('\n');
  return text.endsWith('\n') || text === '' ? lines.slice(0, -1) : lines;
};

const factsOf = (settings: Settings, { relay, conflict, texts }: ShownConflict) => ({
  type: 'conflict',
  relay,
  file: pathOf(settings, conflict),
  resource: conflict.resource,
  environment: settings.environment,
  by: conflict.by,
  lines: texts.pieces === undefined ? [] : conflictLines(texts.pieces),
  together: conflict.together,
});

/** A text as it is; of bytes that are none, base64. */
const shownText = (bytes: Uint8Array | null): string | { readonly base64: string } | null =>
  bytes === null ? null : (textOf(bytes) ?? { base64: Buffer.from(bytes).toString('base64') });

const placesOf = ({ pieces }: ConflictTexts): string => {
  const places = pieces === undefined ? [] : conflictLines(pieces);
  return places.length === 0
    ? ''
    : `: line ${places.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')}`;
};

const pathOf = ({ module }: Settings, { resource }: OpenConflict): string =>
  resource.slice(module.length + 2);
