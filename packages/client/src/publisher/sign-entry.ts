import type { EpochMs, Statement } from '@cd-push/protocol';
import { digestOf, signStatement } from '@cd-push/timeline';

import type { OutboxEntry } from '../outbox/outbox.ts';
import type { Signer } from '../session/access.ts';
import type { Session } from '../session/session.ts';

/**
 * Signs what an entry says with the session's key, as of now.
 *
 * @param signer the session by which it is going to be sent.
 *
 * @param sayAt what it says when it is issued at that time, by the servers' clock.
 * @throws ProblemError `forbidden` where the session was made without a key; why it cannot be renewed.
 */
export const signEntry = async (
  session: Session,
  signer: Signer,
  entry: OutboxEntry,
  sayAt: (issuedAt: EpochMs) => Statement,
): Promise<OutboxEntry> => {
  const certificate = await signer.certificate();
  const thumbprint = await digestOf(certificate);
  // Not before: whatever gave the certificate may have set the clock.
  const issuedAt = session.clock.now();
  const { tenant, user } = session.account;
  const statement: Statement = {
    ...sayAt(issuedAt),
    tenant,
    signer: user.subject,
    certificate: thumbprint,
    issuedAt,
  };
  const jws = await signStatement(statement, signer.key);
  const { pushData, ...frame } = entry.envelope;
  return {
    ...entry,
    statement,
    envelope: { ...frame, pushData: { ...pushData, statement: jws, certificate } },
    signed: { session: signer.id, digests: [...(entry.signed?.digests ?? []), await digestOf(jws)] },
  };
};
