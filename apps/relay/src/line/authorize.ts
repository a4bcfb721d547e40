import {
  ok,
  problemOf,
  refuse,
  subTypes,
  targetOf,
  type Certificate,
  type Digest,
  type ICdPushEnvelop,
  type Problem,
  type Result,
  type Statement,
  type Trigger,
} from '@cd-push/protocol';
import { digestOf, disagreementOf, openStatement } from '@cd-push/timeline';

import type { Directory } from '../authority/directory.ts';
import type { RelayIdentity, Seal } from '../authority/relay-identity.ts';
import { grantsPush, mayPushAtAll, type Session, type UserSession } from '../authority/session.ts';

/** A push whose sender, right and signature hold. */
export interface AuthorizedPush {
  readonly envelope: ICdPushEnvelop;
  readonly trigger: Trigger;
  readonly session: UserSession;
  readonly statement: Statement;
  /** Digest of the statement as it travelled. */
  readonly digest: Digest;
  readonly statementJws: string;
  readonly certificateJws: string;
  readonly certificate: Certificate;
  readonly seal: Seal;
}

/**
 * Step 4, whatever can be said without looking at what was pushed before: the trigger is registered and goes with its
 * event, the sender is who is connected, may push, and signed exactly this.
 */
export const authorize = async (
  envelope: ICdPushEnvelop,
  session: Session,
  directory: Directory,
  identity: RelayIdentity,
): Promise<Result<AuthorizedPush, Problem>> => {
  const { pushData } = envelope;
  const trigger = directory.trigger(pushData.triggerEvent);
  if (trigger === undefined || trigger.carries === 'none') {
    const detail = 'This trigger is not registered for signed pushes.';
    return refuse(problemOf('unknown-trigger', { path: '/pushData/triggerEvent', detail }));
  }
  if (pushData.emittEvent !== trigger.emits) {
    const detail = `The registry says that this trigger goes with "${trigger.emits}".`;
    return refuse(problemOf('invalid-envelope', { path: '/pushData/emittEvent', detail }));
  }
  if (!mayPushAtAll(session)) {
    const detail = 'Only a developer’s or admin’s session may push.';
    return refuse(problemOf('forbidden', { detail }));
  }
  const unfit = unfitEntry(pushData, session);
  if (unfit !== undefined) return refuse(unfit);
  return openSigned(envelope, trigger, session, identity);
};

const openSigned = async (
  envelope: ICdPushEnvelop,
  trigger: Trigger,
  session: UserSession,
  identity: RelayIdentity,
): Promise<Result<AuthorizedPush, Problem>> => {
  const { pushData } = envelope;
  const { statement: statementJws, certificate: certificateJws } = pushData;
  if (statementJws === undefined) return refuse(missing('statement'));
  if (certificateJws === undefined) return refuse(missing('certificate'));
  const { seal } = identity;
  if (seal === undefined) return refuse(problemOf('unavailable', { retryAfter: 1 }));

  const certificate = await identity.openCertificate(certificateJws, seal);
  if (!certificate.ok) return certificate;
  if (certificate.value.session !== session.id || certificate.value.tenant !== session.tenant) {
    const detail = 'The certificate was issued to another session than the one that sends this.';
    return refuse(problemOf('bad-certificate', { path: '/pushData/certificate', detail }));
  }
  const opened = await openStatement(statementJws, certificateJws, certificate.value);
  if (!opened.ok) return opened;
  const { statement, digest } = opened.value;
  const fault = disagreementOf(pushData, statement) ?? (await messageFault(pushData, trigger, statement));
  if (fault !== undefined) return refuse(fault);
  const ungranted = grantFault(session, statement);
  if (ungranted !== undefined) return refuse(ungranted);
  return ok({
    envelope,
    trigger,
    session,
    statement,
    digest,
    statementJws,
    certificateJws,
    certificate: certificate.value,
    seal,
  });
};

/** A sender's entry that is not the session's, or an entry that addresses nobody. */
const unfitEntry = (pushData: ICdPushEnvelop['pushData'], session: UserSession): Problem | undefined => {
  for (const [index, entry] of pushData.pushRecepients.entries()) {
    const path = `/pushData/pushRecepients/${index}`;
    if (entry.subTypeId !== subTypes.sender) {
      const target = targetOf(entry, path);
      if (!target.ok) return target.problem;
      continue;
    }
    if (entry.userId !== session.user.id) {
      return problemOf('sender-mismatch', {
        path: `${path}/userId`,
        detail: 'This user is not the session’s.',
      });
    }
    const guid = entry.cdObjId?.resourceGuid ?? '';
    if (guid !== '' && guid !== session.user.guid && guid !== session.id) {
      return problemOf('sender-mismatch', {
        path: `${path}/cdObjId/resourceGuid`,
        detail: 'This resourceGuid is not the session’s.',
      });
    }
  }
  return undefined;
};

const messageFault = async (
  pushData: ICdPushEnvelop['pushData'],
  trigger: Trigger,
  statement: Statement,
): Promise<Problem | undefined> => {
  if (statement.kind !== trigger.carries) {
    return problemOf('invalid-envelope', {
      path: '/pushData/statement/kind',
      detail: `"${trigger.trigger}" carries a ${trigger.carries}, not a ${statement.kind}.`,
    });
  }
  switch (statement.kind) {
    case 'patch':
      return duplicateResource(statement.patches);
    case 'notice':
    case 'operation':
      if (typeof pushData.m === 'string' && (await digestOf(pushData.m)) === statement.message)
        return undefined;
      return problemOf('bad-signature', {
        path: '/pushData/m',
        detail: 'The statement signs another message.',
      });
    default:
      return statement satisfies never;
  }
};

const duplicateResource = (patches: readonly { resource: string; from?: string }[]): Problem | undefined => {
  const seen = new Set<string>();
  for (const [index, { resource, from }] of patches.entries()) {
    for (const name of from === undefined ? [resource] : [resource, from]) {
      if (seen.has(name)) {
        const path = `/pushData/statement/patches/${index}`;
        return problemOf('invalid-envelope', {
          path,
          resource: name,
          detail: 'One push changes a resource once.',
        });
      }
      seen.add(name);
    }
  }
  return undefined;
};

/** The session's grants as they are now; the certificate's were those of its issue. */
const grantFault = (session: UserSession, statement: Statement): Problem | undefined => {
  if (statement.kind !== 'patch') return undefined;
  for (const [index, { resource, from }] of statement.patches.entries()) {
    for (const name of from === undefined ? [resource] : [resource, from]) {
      if (grantsPush(session, name, statement.environment)) continue;
      return problemOf('forbidden', {
        path: `/pushData/statement/patches/${index}/resource`,
        resource: name,
        detail: `The session has no grant for this resource in "${statement.environment}".`,
      });
    }
  }
  return undefined;
};

const missing = (member: 'statement' | 'certificate'): Problem =>
  problemOf('invalid-envelope', {
    path: `/pushData/${member}`,
    detail: `A push carries its sender’s signed ${member}.`,
  });
