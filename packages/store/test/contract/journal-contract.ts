import { journalAuditContract } from './journal-audit-contract.ts';
import { journalContentsContract } from './journal-contents-contract.ts';
import { journalEditsContract } from './journal-edits-contract.ts';
import { journalHistoryContract } from './journal-history-contract.ts';
import { journalPresenceContract } from './journal-presence-contract.ts';
import { journalProposalsContract } from './journal-proposals-contract.ts';
import { journalPushesContract } from './journal-pushes-contract.ts';
import { journalRetentionContract } from './journal-retention-contract.ts';
import type { OpenJournal } from './journal-samples.ts';
import { journalTimelinesContract } from './journal-timelines-contract.ts';
import { journalTracksContract } from './journal-tracks-contract.ts';
import { journalVersionsContract } from './journal-versions-contract.ts';
import { journalWrittenContract } from './journal-written-contract.ts';

/** The suites that every adapter of {@link JournalStore} runs. */
export const journalContract = (open: OpenJournal): void => {
  journalPushesContract(open);
  journalTracksContract(open);
  journalHistoryContract(open);
  journalVersionsContract(open);
  journalContentsContract(open);
  journalTimelinesContract(open);
  journalEditsContract(open);
  journalProposalsContract(open);
  journalPresenceContract(open);
  journalWrittenContract(open);
  journalAuditContract(open);
  journalRetentionContract(open);
};
