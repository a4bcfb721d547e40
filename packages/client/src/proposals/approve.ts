import type { ProposalView } from '@cd-push/protocol';
import { digestOf, signApproval } from '@cd-push/timeline';

import type { Connection } from '../connection/connection.ts';
import type { Session } from '../session/session.ts';
import type { ReadProposal } from './read-proposal.ts';

export interface ApprovingPlace {
  readonly connection: Pick<Connection, 'request' | 'signer'>;
  readonly session: Session;
  readonly signal?: AbortSignal;
}

/**
 * Says yes to what was read of a proposal, signed by the session of the connection.
 *
 * @returns how it stands: with the last approval that it takes it was taken, or refused, and says why.
 * @throws ProblemError `forbidden`, also of one's own; `conflict`, `expired` where it does not wait any more; `not-found`.
 */
export const approveProposal = async (
  { connection, session, signal }: ApprovingPlace,
  { statement: { pushGuid }, digest }: Pick<ReadProposal, 'statement' | 'digest'>,
): Promise<ProposalView> => {
  const signer = connection.signer ?? (await session.signer());
  const certificate = await signer.certificate();
  const { tenant, user } = session.account;
  const approval = await signApproval(
    {
      v: 1,
      tenant,
      pushGuid,
      statement: digest,
      approver: user.subject,
      certificate: await digestOf(certificate),
      issuedAt: session.clock.now(),
    },
    signer.key,
  );
  const options = signal === undefined ? {} : { signal };
  return (await connection.request('approve-push', { pushGuid, approval, certificate }, options)).proposal;
};
