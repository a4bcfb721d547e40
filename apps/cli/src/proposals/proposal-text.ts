import type { ProposalView } from '@cd-push/protocol';

import { shortGuid } from '../sync/short-ids.ts';
import type { Pen } from '../talk/pen.ts';

/** What a proposal is about, in a few words. */
export const subjectOf = ({ kind, patches }: ProposalView): string => {
  if (kind !== 'patch') return `an ${kind}`;
  const [first] = patches;
  if (first === undefined || patches.length > 1) return `${patches.length} files`;
  return first.restores === undefined ? first.resource : `rollback of ${first.resource}`;
};

/** Who has approved, of how many it takes. */
export const approvalsOf = ({ approvals, required }: ProposalView): string => {
  const names = approvals.map(({ approverName }) => approverName).join(', ');
  return `${approvals.length} of ${required}${names === '' ? '' : ` (${names})`}`;
};

/** Who asks for approvals, in a sentence. */
export const askingOf = ({ asking, required }: ProposalView): string => {
  const people = required === 1 ? 'One other person has' : `${required} other people have`;
  const [first, ...more] = asking;
  if (first === undefined) return `${people} to approve.`;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return `${people} to approve: ${first.name}${others} asks for that.`;
};

export const stateText = (pen: Pick<Pen, 'paint'>, { state }: ProposalView): string => {
  switch (state) {
    case 'waiting':
      return pen.paint('yellow', state);
    case 'accepted':
      return pen.paint('green', state);
    case 'refused':
      return pen.paint('red', state);
    case 'withdrawn':
    case 'expired':
      return state;
    default:
      return state satisfies never;
  }
};

/** A proposal as `--json` prints it. */
export const proposalJson = (relay: string, proposal: ProposalView) => ({
  type: 'proposal',
  relay,
  ...proposal,
});

/** What somebody else says to it. */
export const approveCommand = ({ pushGuid }: ProposalView): string => `cd-cli approve ${shortGuid(pushGuid)}`;
