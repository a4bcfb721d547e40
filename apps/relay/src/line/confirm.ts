import type { PushAnswer } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';

/** Step 11, first word: the push is accepted. How far it comes follows as notices. */
export const confirm = (push: TrackedPush, duplicate: boolean): PushAnswer => ({
  status: true,
  pushGuid: push.accepted.pushGuid,
  duplicate,
  commTrack: push.progress.commTrack,
  recipients: [...push.accepted.recipients],
});
