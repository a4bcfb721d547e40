import type { ProposedFile } from '@cd-push/client';

import { noSide, type Held, type Side } from '../diff/side.ts';

const name = 'proposed';

/** A file as a proposal would leave it. */
export const proposedSide = ({ head, content, source }: ProposedFile): Side => {
  if (head.digest === null) return { ...noSide, name };
  const pushed = (): Held => {
    if (content?.kind === 'text') return content.text;
    return content?.kind === 'bytes' ? content.bytes : undefined;
  };
  return {
    name,
    when: '',
    digest: head.digest,
    bytes: head.bytes,
    pushed: async () => pushed(),
    source: async () => source,
    version: undefined,
  };
};
