import { ok, refuse, type Problem, type Result } from '@cd-push/protocol';
import { openContent } from '@cd-push/timeline';

import type { Change, TrustedPatch } from './push.ts';

/**
 * Decodes the contents of the given patches and holds them against the signed digests, side by side.
 *
 * @param textOf text in place, which a delta is taken upon; undefined where there is none.
 */
export const openContents = async (
  push: TrustedPatch,
  indices: readonly number[],
  textOf: (resource: string) => Promise<string | undefined>,
): Promise<Result<readonly Change[], Problem>> => {
  const { contents = [] } = push.parsed.data;
  const opened = await Promise.all(
    indices.map(async (index): Promise<Result<Change, Problem>> => {
      const head = push.statement.patches[index];
      const content = contents[index];
      if (head === undefined || content === undefined)
        throw new RangeError('The agreement of lengths was checked.');
      const predecessor = content.encoding === 'delta' ? await textOf(head.from ?? head.resource) : undefined;
      const result = await openContent(head, content, predecessor);
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
