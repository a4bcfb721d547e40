import type { ProposalBook } from '@cd-push/store';

import type { Authority } from '../authority/authority.ts';
import type { Directory } from '../authority/directory.ts';
import type { RelayIdentity } from '../authority/relay-identity.ts';
import type { Clock } from '../clock.ts';
import type { Journal, JournalReads } from '../journal/journal.ts';
import type { DeliveryLine } from '../line/delivery-line.ts';
import type { Ended } from '../peers/ended.ts';

export interface ProposalPorts {
  readonly store: ProposalBook;
  readonly journal: Pick<Journal, 'find' | 'stir'>;
  readonly contents: Pick<JournalReads, 'content'>;
  readonly line: DeliveryLine;
  readonly identity: RelayIdentity;
  readonly directory: Directory;
  readonly authority: Pick<Authority, 'rights'>;
  readonly ended: Ended;
  readonly clock: Clock;
}
