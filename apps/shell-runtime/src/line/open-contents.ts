import { ok, refuse, type PatchContent, type PatchHead, type Problem, type Result } from '@cd-push/protocol';
import { openWhole, type VerifiedContent } from '@cd-push/timeline';

import type { Gate, LinePorts } from './line-ports.ts';
import type { Change, TrustedPatch } from './push.ts';
import type { Put, StoredContents } from './stored-contents.ts';

type Opened = Result<VerifiedContent, Problem>;

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
  let stored: StoredContents | undefined;
  const fetched = async (head: Put): Promise<Opened> => {
    const { StoredContents } = await import('./stored-contents.ts');
    stored ??= new StoredContents(ports.content, gate);
    return stored.open(head);
  };
  const open = async (head: PatchHead, content: PatchContent): Promise<Opened> => {
    if (content.encoding === 'delta') {
      const { openDelta } = await import('./open-delta.ts');
      const made = await openDelta(head, content, ports.state.kept(head.from ?? head.resource));
      if (made !== undefined) return made;
    } else if (content.encoding !== 'stored') return openWhole(head, content);
    return head.change === 'delete' ? openWhole(head, { encoding: 'stored' }) : fetched(head);
  };
  const opened = await Promise.all(
    indices.map(async (index): Promise<Result<Change, Problem>> => {
      const head = push.statement.patches[index];
      const content = contents[index];
      if (head === undefined || content === undefined)
        throw new RangeError('The agreement of lengths was checked.');
      if (head.change === 'delete' && head.restores === 0) {
        const { asServed } = await import('./as-served.ts');
        return asServed(head, ports);
      }
      const result = await open(head, content);
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

/** Whether a content of the push did not come. */
export const isUnfetched = ({ kind }: Problem): boolean => kind === 'unavailable';
