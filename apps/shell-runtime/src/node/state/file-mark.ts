import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import Type from 'typebox';
import { Check } from 'typebox/value';

import type { Applying, ApplyingMark } from '../../record/applying-mark.ts';
import { parsedJson } from '../parsed-json.ts';

const ApplyingSchema = Type.Object({
  kind: Type.Enum(['push', 'start']),
  instance: Type.String(),
  pushGuid: Type.String(),
  attempt: Type.Integer(),
  statement: Type.String(),
  resources: Type.Array(
    Type.Object({
      resource: Type.String(),
      version: Type.Integer(),
      digest: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});

/**
 * The mark in one file that stays open: a line that is forced to the disk before evaluation, and cut off after it. It is
 * written in place, which takes one `fsync`; a new file would take two. A mark that was cut short was followed by no
 * evaluation, so it says nothing.
 */
export class FileMark implements ApplyingMark {
  #left: Applying | undefined;
  readonly #file: number;

  constructor(dir: string) {
    const path = join(dir, 'applying.json');
    this.#file = openSync(path, 'a+', 0o600);
    this.#left = applyingIn(readFileSync(path, 'utf8'));
  }

  open(applying: Applying): void {
    ftruncateSync(this.#file);
    writeSync(this.#file, `${JSON.stringify(applying)}\n`);
    fsyncSync(this.#file);
  }

  /** Not forced to the disk: where a power cut brings the mark back, the record that was written after it overrules it. */
  close(): void {
    ftruncateSync(this.#file);
  }

  async takeLeft(): Promise<readonly Applying[]> {
    const left = this.#left;
    this.#left = undefined;
    this.close();
    return left === undefined ? [] : [left];
  }

  release(): void {
    closeSync(this.#file);
  }
}

const applyingIn = (text: string): Applying | undefined => {
  if (!text.endsWith('\n')) return undefined;
  const value = parsedJson(text);
  return Check(ApplyingSchema, value) ? value : undefined;
};
