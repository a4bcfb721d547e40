import { ok, refuse, type Digest, type Result } from '@cd-push/protocol';

import { contentDigest } from './content-digest.ts';
import type { PatchProblem } from './patch-problem.ts';
import { StyleFault, StyleSheet, type StyleSurroundings } from './style-sheet.ts';

export interface StyleInput extends StyleSurroundings {
  readonly resource: string;
  readonly text: string;
}

export interface TransformedStyle {
  readonly content: string;
  readonly digest: Digest;
  /** Style sheets whose text is part of `content`, directly or not. A change of one changes this one. */
  readonly imported: readonly string[];
}

/**
 * Makes a style sheet one that works as `<style>` in any page of the project: what it imports is put in its place,
 * relative addresses become absolute ones. All else stays as it was written, token by token: that is why it is a
 * tokenizer that reads it and no compiler, which would print it anew and refuse what it does not know yet.
 */
export const transformStyle = (input: StyleInput): Result<TransformedStyle, PatchProblem> => {
  const inlining = { imported: new Set<string>(), leading: [], within: [input.resource], conditional: false };
  try {
    const body = new StyleSheet(input, input.resource, input.text, inlining).print();
    const content = [...inlining.leading, body].join('\n');
    return ok({ content, digest: contentDigest(content), imported: [...inlining.imported] });
  } catch (error) {
    if (error instanceof StyleFault) return refuse(error.problem);
    throw error;
  }
};
