import { ok, problemOf, refuse, type PatchHead, type Problem, type Result } from '@cd-push/protocol';
import { openStored } from '@cd-push/timeline';

import type { LinePorts } from './line-ports.ts';
import type { Change } from './push.ts';

type Deletion = Extract<PatchHead, { change: 'delete' }>;

/**
 * What goes back to before the first version of a file: to what was served here, which its signer need not know. Where
 * nothing was served, the file goes.
 */
export const asServed = async (
  head: Deletion,
  { state, served }: Pick<LinePorts, 'state' | 'served'>,
): Promise<Result<Change, Problem>> => {
  const { resource } = head;
  const base = state.base.resources.get(resource);
  if (base === undefined) return ok({ head, content: { kind: 'deleted' } });
  try {
    const content = await served(resource);
    const { digest, type: componentType } = base;
    const put: PatchHead = { ...head, change: 'put', componentType, digest, bytes: content.length };
    const opened = await openStored(put, { content, map: undefined });
    if (opened.ok) return ok({ head: put, content: opened.value });
    throw new Error('It is served with other content by now than this program was started with.');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const detail = `What it was served with cannot be had. ${why}`;
    return refuse(problemOf('unavailable', { resource, detail }));
  }
};
