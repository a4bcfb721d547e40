import { ok, refuse, type PatchContent, type Problem, type Result } from '@cd-push/protocol';
import { digestOf, openContent, type HeldContent } from '@cd-push/timeline';

import type { KeptVersion } from '../record/record-store.ts';
import { asServed } from './as-served.ts';
import type { Gate, LinePorts } from './line-ports.ts';
import type { Change, TrustedPatch } from './push.ts';
import { StoredContents } from './stored-contents.ts';

/**
 * Decodes the contents of the given patches and holds them against the signed digests, side by side. What did not travel
 * along, or as a delta upon something that is not here, is fetched, once it is known that the push was accepted.
 */
export const openContents = async (
  push: TrustedPatch,
  indices: readonly number[],
  ports: Pick<LinePorts, 'content' | 'served' | 'state'>,
  gate: Gate,
): Promise<Result<readonly Change[], Problem>> => {
  const { contents = [] } = push.parsed.data;
  const stored = new StoredContents(ports.content, gate);
  const opened = await Promise.all(
    indices.map(async (index): Promise<Result<Change, Problem>> => {
      const head = push.statement.patches[index];
      const content = contents[index];
      if (head === undefined || content === undefined)
        throw new RangeError('The agreement of lengths was checked.');
      if (head.change === 'delete' && head.restores === 0) return asServed(head, ports);
      const held =
        content.encoding === 'delta'
          ? await baseOf(content, ports.state.kept(head.from ?? head.resource))
          : undefined;
      const isMissing = content.encoding === 'stored' || (content.encoding === 'delta' && held === undefined);
      const result =
        isMissing && head.change !== 'delete'
          ? await stored.open(head)
          : await openContent(head, content, held);
      return result.ok ? ok({ head, content: result.value }) : result;
    }),
  );
  const changes: Change[] = [];
  for (const result of opened) {
    if (!result.ok) return refuse(result.problem);
    changes.push(result.value);
  }
  return ok(changes);
};

/** What a delta is taken upon, with the source map that it names; undefined where that is not what was brought here last. */
const baseOf = async (
  { base, map }: Extract<PatchContent, { encoding: 'delta' }>,
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
