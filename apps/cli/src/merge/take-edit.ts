import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { problemOf, type EditSettled, type OfferedEdit, type Problem } from '@cd-push/protocol';
import { mergeText, sourceOf } from '@cd-push/timeline';

import { textOf } from '../transform/base-entry.ts';
import { contentDigest } from '../transform/content-digest.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';
import { isIgnored, kindAt, type Ignore } from '../transform/project-scan.ts';
import { conflictLines } from './conflict-texts.ts';
import { refOf } from './heads.ts';
import type { LineFiles } from './line-files.ts';
import { bytesOf } from './merge-save.ts';
import { replaceFile } from './replace-file.ts';

/** What became of an edit. */
export interface EditMerge {
  readonly outcome: EditSettled['outcome'];
  readonly problem?: Problem | undefined;
}

type EditedText = Pick<OfferedEdit, 'resource' | 'digest' | 'text'>;

/** In which the file was saved meanwhile each time. */
const editTriesAtMost = 5;

/** Merges what was edited where it runs into the file here. It is pushed as it is saved, like any other save. */
export const takeEdit = async (
  files: LineFiles,
  { resource, digest, text }: EditedText,
): Promise<EditMerge> => {
  const { base, copy, settings, folder, ignore } = files.ports;
  const refused = (kind: 'not-found' | 'forbidden' | 'conflict', detail: string): EditMerge => ({
    outcome: kind === 'conflict' ? 'conflict' : 'refused',
    problem: problemOf(kind, { resource, detail }),
  });
  if (base.entry(resource) === undefined)
    return refused('not-found', 'There is no such file in the project.');
  if (copy.conflict(resource) !== undefined)
    return refused('conflict', 'The file is in conflict with another push, which has to be settled first.');
  const path = resource.slice(settings.module.length + 2);
  const syntax = await files.parsers();
  for (let tries = 0; tries < editTriesAtMost; tries += 1) {
    const here = readText(settings.root, path, ignore);
    if (here === undefined) return refused('forbidden', 'The file is no text of the project.');
    const was = await editedSource(files, resource, digest, here);
    if (was === undefined) return refused('not-found', 'The version that was edited is not known here.');
    const merge = mergeText(was, here, text, { syntax, language: syntax.languageOf(resource) });
    if (merge.kind === 'conflict')
      return { outcome: 'conflict', problem: editConflict(resource, merge.pieces) };
    if (merge.text === here) return { outcome: 'merged' };
    const bytes = new TextEncoder().encode(merge.text);
    const made = base.transformed(resource, bytes);
    if (!made.ok) return { outcome: 'refused', problem: wireProblem(made.problem) };
    const replaced = await replaceFile({
      root: settings.root,
      folder,
      path,
      ignore,
      from: contentDigest(here),
      to: bytes,
    });
    if (replaced === 'replaced') return { outcome: 'merged' };
    if (replaced === 'outside') return refused('forbidden', 'The file lies outside of the project.');
  }
  return refused('conflict', 'The file was saved each time while this was merged into it.');
};

/** What the version that was edited was made of. */
const editedSource = async (
  files: LineFiles,
  resource: string,
  digest: string,
  here: string,
): Promise<string | undefined> => {
  const { base, history } = files.ports;
  const made = base.transformed(resource, new TextEncoder().encode(here));
  if (made.ok && made.value.digest === digest) return here;
  const served = files.served(resource);
  if (served?.digest === digest) return served.source ?? served.content;
  const tip = refOf((await files.pull([resource])).get(resource));
  if (tip === undefined) return undefined;
  const found = await files.findFrame(
    tip,
    ({ frame }) => frame.data['digest'] === digest && sourceOf(frame) !== undefined,
  );
  const source = found === undefined ? undefined : sourceOf(found.frame);
  return source === undefined ? undefined : textOf(await bytesOf(history.space, source));
};

/** The text of a file of the project as it is now. */
const readText = (root: string, path: string, ignore: Ignore): string | undefined => {
  if (isIgnored(ignore, path) || kindAt(root, path, ignore) !== 'file') return undefined;
  return textOf(readFileSync(join(root, path)));
};

const editConflict = (resource: string, pieces: Parameters<typeof conflictLines>[0]): Problem =>
  problemOf('conflict', {
    resource,
    detail: `The file was changed in the same place since: line ${conflictLines(pieces)
      .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
      .join(', ')}.`,
  });

/** Without what is for a terminal alone. */
const wireProblem = ({ resource, detail }: PatchProblem): Problem =>
  problemOf('invalid-patch', { resource, detail });
