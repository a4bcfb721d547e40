import type { PatchContent, PatchHead, Problem, Result } from '@cd-push/protocol';
import { digestOf, openContent, type HeldContent, type VerifiedContent } from '@cd-push/timeline';

import type { KeptVersion } from '../record/record-store.ts';

type Delta = Extract<PatchContent, { encoding: 'delta' }>;

/** Opens what travelled as a delta; undefined where what it is upon is not here, so that the whole has to be fetched. */
export const openDelta = async (
  head: PatchHead,
  content: Delta,
  kept: KeptVersion | undefined,
): Promise<Result<VerifiedContent, Problem> | undefined> => {
  const held = await baseOf(content, kept);
  return held === undefined && head.change !== 'delete' ? undefined : openContent(head, content, held);
};

/** What a delta is taken upon, with the source map that it names; undefined where that is not what was brought here last. */
const baseOf = async (
  { base, map }: Delta,
  kept: KeptVersion | undefined,
): Promise<HeldContent | undefined> => {
  if (kept === undefined || kept.digest !== base || kept.content.kind === 'deleted') return undefined;
  const { content } = kept;
  const held =
    content.kind === 'text'
      ? { content: content.text, map: content.map }
      : { content: content.bytes, map: undefined };
  if (map === undefined) return held;
  return held.map !== undefined && (await digestOf(held.map)) === map.base ? held : undefined;
};
