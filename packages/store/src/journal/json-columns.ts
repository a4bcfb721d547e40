import type { ICdPushEnvelop, OfferedEdit, PatchHead, SettleEdit, TrackState } from '@cd-push/protocol';

import type { Proposal, ProposalState } from '../ports/proposals.ts';
import type { RecipientTrack } from '../ports/push.ts';

import type { WrittenPolicy } from '../ports/journal.ts';

/** What the journal keeps as JSON, by the column. */
interface JsonColumns {
  envelope: ICdPushEnvelop;
  offered: OfferedEdit;
  patches: PatchHead[];
  policy: WrittenPolicy;
  proposal: Proposal;
  settled: SettleEdit;
  standing: ProposalState;
  state: TrackState & Pick<RecipientTrack, 'instance'>;
}

export const writeJson = <Column extends keyof JsonColumns>(
  _column: Column,
  value: JsonColumns[Column] | Readonly<JsonColumns[Column]>,
): string => JSON.stringify(value);

/** Reads back what {@link writeJson} wrote: it was parsed where it came in, and nobody else writes these columns. */
export const readJson = <Column extends keyof JsonColumns>(
  column: Column,
  text: string,
): JsonColumns[Column] => {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said above
    return JSON.parse(text) as JsonColumns[Column];
  } catch (error) {
    throw new Error(`The journal's column ${column} holds something else than was ever written there.`, {
      cause: error,
    });
  }
};
