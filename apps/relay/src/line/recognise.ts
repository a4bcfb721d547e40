import { ok, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';

/** Step 5: a guid that was accepted before stands for what it stood for then, and for nothing else. */
export const recognise = (first: TrackedPush, digest: string): Result<TrackedPush, Problem> =>
  first.accepted.digest === digest
    ? ok(first)
    : refuse(
        problemOf('conflict', {
          path: '/pushData/pushGuid',
          detail: 'Another push was accepted under this pushGuid. A new push needs a new one.',
        }),
      );
