import { limits, type ICdPushEnvelop, type PatchContent } from '@cd-push/protocol';
import type { Proposal } from '@cd-push/store';

import type { JournalReads } from '../journal/journal.ts';
import { lengthOf, NotInJournal, wholeOf } from '../line/parcels.ts';

/**
 * A proposal for whoever wants to know what it would change: with contents that lie here, put by its proposer or of an
 * earlier version, as far as one answer holds them. Whoever sees a proposal sees all of it.
 */
export const shownEnvelope = async (
  { tenant, patches }: Proposal,
  envelope: ICdPushEnvelop,
  store: Pick<JournalReads, 'content'>,
): Promise<ICdPushEnvelop> => {
  const { pushData, ...frame } = envelope;
  const { contents } = pushData;
  if (contents?.some(({ encoding }) => encoding === 'stored') !== true) return envelope;
  const shown: PatchContent[] = [];
  let left = limits.envelopeBytes - lengthOf(envelope);
  for (const [index, patch] of patches.entries()) {
    const given = contents[index] ?? { encoding: 'none' };
    const content = given.encoding === 'stored' ? await orStored(wholeOf(patch, tenant, store, left)) : given;
    if (content !== given) left -= lengthOf(content);
    shown.push(content);
  }
  return { ...frame, pushData: { ...pushData, contents: shown } };
};

/** What was let go of is still named. */
const orStored = async (reading: Promise<PatchContent>): Promise<PatchContent> => {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof NotInJournal) return { encoding: 'stored' };
    throw error;
  }
};
