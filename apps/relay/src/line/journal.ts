import {
  epochMs,
  limits,
  ok,
  problemOf,
  redact,
  refuse,
  subTypes,
  type EpochMs,
  type ICdPushEnvelop,
  type ICommConversationSub,
  type PatchContent,
  type PatchHead,
  type Problem,
  type RecipientId,
  type Result,
} from '@cd-push/protocol';
import type { AcceptedPush, Content } from '@cd-push/store';
import { signAcceptance, type SpaceChange, type VerifiedContent } from '@cd-push/timeline';

import type { UserSession } from '../authority/session.ts';
import type { Appended, Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { AuthorizedPush } from './authorize.ts';

/**
 * Step 7: the push is written down; from here on it is promised, and on its way.
 *
 * @param sent contents as the sender encoded them.
 * @param history what it brings to its timelines.
 */
export const journalPush = async (
  push: AcceptedPush,
  sent: readonly PatchContent[],
  history: SpaceChange | undefined,
  journal: Pick<Journal, 'append'>,
  log: Log,
): Promise<Result<Appended, Problem>> => {
  try {
    return ok(await journal.append(push, sent, history));
  } catch (error) {
    log.error({ ...factsOf(error), pushGuid: push.pushGuid }, 'The journal took no push.');
    return refuse(problemOf('journal-unavailable', { retryAfter: 1 }));
  }
};

/** A relay's word that a statement was there, and fresh, at that time. */
export interface Attested {
  readonly acceptance: string;
  readonly relayCertificate: string;
}

export const attest = async (
  { statement: { pushGuid }, digest, seal }: AuthorizedPush,
  at: EpochMs,
): Promise<Attested> => ({
  acceptance: await signAcceptance(
    { v: 1, pushGuid, statement: digest, acceptedAt: at, relay: seal.digest },
    seal.key,
  ),
  relayCertificate: seal.certificate,
});

/**
 * What is written down: the relay's signed acceptance, the recipients, and a copy without any secret.
 *
 * @param attested of a proposal: what the relay said when it was fresh.
 */
export const acceptedPush = async (
  authorized: AuthorizedPush,
  contents: readonly (VerifiedContent | undefined)[],
  recipients: readonly RecipientId[],
  frames: AcceptedPush['frames'],
  at: EpochMs,
  attested?: Attested,
): Promise<AcceptedPush> => {
  const { envelope, statement, digest, session, certificate, trigger } = authorized;
  const { pushGuid } = statement;
  return {
    tenant: session.tenant,
    pushGuid,
    digest,
    carries: trigger.carries,
    trigger: trigger.trigger,
    emits: trigger.emits,
    environment: statement.environment,
    sender: { subject: session.subject, session: session.id },
    initTime: epochMs(Math.min(envelope.pushData.commTrack.initTime ?? statement.issuedAt, at)),
    acceptedAt: at,
    deliverBy: epochMs(Math.min(statement.deliverBy, statement.issuedAt + limits.deliverWithinMs)),
    signed: {
      statement: authorized.statementJws,
      certificate: authorized.certificateJws,
      session: certificate.session,
      patches: statement.kind === 'patch' ? statement.patches : [],
    },
    recipients,
    frames,
    envelope: copyOf(authorized, attested ?? (await attest(authorized, at))),
    contents: statement.kind === 'patch' ? keptContents(statement.patches, contents) : [],
  };
};

/** Whole contents and their maps under the digests that were signed; what was uploaded before is there already. */
const keptContents = (
  patches: readonly PatchHead[],
  contents: readonly (VerifiedContent | undefined)[],
): Content[] =>
  patches.flatMap(({ digest, mapDigest }, index): Content[] => {
    const content = contents[index];
    if (digest === null || content === undefined || content.kind === 'deleted') return [];
    if (content.kind === 'bytes') return [{ digest, body: content.bytes }];
    const { text, map } = content;
    const kept = [{ digest, body: text }];
    return mapDigest === undefined || map === undefined ? kept : [...kept, { digest: mapDigest, body: map }];
  });

/**
 * What recipients get, put together member by member: nothing that a sender sent along passes by not being thought of.
 */
export const copyOf = (
  { envelope, session, statement, statementJws, certificateJws }: AuthorizedPush,
  attested: Attested,
): ICdPushEnvelop => {
  const { pushData, req, resp } = envelope;
  return {
    pushData: {
      ...(pushData.appId === undefined ? {} : { appId: pushData.appId }),
      pushGuid: pushData.pushGuid,
      // Of a patch it is not signed.
      m: statement.kind === 'patch' ? '' : (pushData.m ?? null),
      pushRecepients: [senderEntry(session), ...pushData.pushRecepients.flatMap(recipientEntry)],
      triggerEvent: pushData.triggerEvent,
      emittEvent: pushData.emittEvent,
      isNotification: false,
      isAppInit: false,
      isSilentSync: pushData.isSilentSync ?? false,
      statement: statementJws,
      certificate: certificateJws,
      ...approvalsOf(pushData),
      ...attested,
      commTrack: pushData.commTrack,
    },
    req: req === null ? null : redact(req),
    resp: resp === null ? null : redact(resp),
  };
};

/** Each was verified; who has none is sent none. */
const approvalsOf = ({
  approvals = [],
}: ICdPushEnvelop['pushData']): Pick<ICdPushEnvelop['pushData'], 'approvals'> =>
  approvals.length === 0
    ? {}
    : { approvals: approvals.map(({ approval, certificate }) => ({ approval, certificate })) };

const senderEntry = ({ user }: UserSession): ICommConversationSub => ({
  userId: user.id,
  subTypeId: subTypes.sender,
  cdObjId: { resourceName: user.name, resourceGuid: user.guid },
});

const recipientEntry = (entry: ICommConversationSub): ICommConversationSub[] => {
  if (entry.subTypeId === subTypes.sender) return [];
  const { userId, subTypeId, groupId, syncTarget, cdObjId } = entry;
  return [
    {
      userId,
      subTypeId,
      ...(groupId === undefined ? {} : { groupId }),
      ...(syncTarget === undefined ? {} : { syncTarget }),
      ...(cdObjId?.resourceGuid === undefined ? {} : { cdObjId: { resourceGuid: cdObjId.resourceGuid } }),
    },
  ];
};
