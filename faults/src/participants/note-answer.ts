import type { Push } from '@cd-push/client';
import type { PushAnswer } from '@cd-push/protocol';

import type { HistoryWriter } from '../history/history-writer.ts';

/** Waits for the relay's answer to a push, and notes it. */
export const noteAnswer = async (push: Push, writer: HistoryWriter): Promise<PushAnswer> => {
  const { pushGuid, accepted } = push;
  const answer = await accepted;
  if (answer.status) {
    const { duplicate, recipients } = answer;
    writer.tell({ kind: 'ok', push: pushGuid, duplicate, recipients });
    return answer;
  }
  const kind = push.isOwed || answer.error.retryable ? 'unknown' : 'fail';
  writer.tell({ kind, push: pushGuid, problem: answer.error.kind });
  return answer;
};
