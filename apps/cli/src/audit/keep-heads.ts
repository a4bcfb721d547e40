import type { Session } from '@cd-push/client';
import type { SignedAuditHead } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { Talk } from '../talk/talk.ts';
import { rememberHeads, type Contradiction } from './known-heads.ts';

/** Keeps the heads that a relay or api shows, and warns where they contradict what was shown before. */
export const keepHeads = async (
  context: CliContext,
  { account }: Session,
  heads: readonly SignedAuditHead[],
): Promise<void> => {
  let contradictions: readonly Contradiction[];
  try {
    contradictions = await rememberHeads(context.process.env, account, heads);
  } catch {
    // A home folder that is full or read-only: a later verification knows less then.
    return;
  }
  const talk = new Talk(context);
  for (const { before, now } of contradictions) {
    talk.warn(
      `The audit contradicts itself: of ${now.node} row ${before.sequence} was shown here before, and now it ${now.sequence === before.sequence ? 'is another row' : `ends at row ${now.sequence}`}. It was cut, written anew, or restored from an older state.`,
    );
    talk.next('Export it and hold it against what was seen: cd-cli audit export ~/audit.jsonl');
  }
};
