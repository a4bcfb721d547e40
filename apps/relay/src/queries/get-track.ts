import {
  ok,
  parse,
  problemOf,
  refuse,
  toCommTrack,
  type Problem,
  type PushView,
  type RecipientId,
  type Result,
} from '@cd-push/protocol';

import { mayQuery, type UserSession, type Session } from '../authority/session.ts';
import type { Journal } from '../journal/journal.ts';
import type { RecipientTrack, TrackedPush } from '../journal/tracked-push.ts';
import type { Peers } from '../peers/peers.ts';

/** Where a push stands: its sender's, or anybody's for those who watch. Unknown and foreign look alike. */
export const getTrack = async (
  payload: unknown,
  session: Session,
  journal: Journal,
  peers: Peers,
): Promise<Result<{ push: PushView }, Problem>> => {
  if (!mayQuery(session)) return refuse(problemOf('forbidden'));
  const query = parse('GetTrack', payload);
  if (!query.ok) return query;
  const push = await journal.find(session.tenant, query.value.pushGuid);
  if (push === undefined || !maySee(session, push))
    return refuse(problemOf('not-found', { path: '/pushGuid' }));
  return ok({ push: viewOf(push, peers) });
};

const maySee = ({ subject, roles }: UserSession, { accepted }: TrackedPush): boolean =>
  accepted.sender.subject === subject || roles.includes('admin') || roles.includes('observer');

const viewOf = ({ accepted, progress, tracks }: TrackedPush, peers: Peers): PushView => ({
  pushGuid: accepted.pushGuid,
  trigger: accepted.trigger,
  sender: accepted.sender.subject,
  patches: (accepted.signed?.patches ?? []).map(({ resource, componentType, change, version }) => ({
    resource,
    componentType,
    change,
    version,
  })),
  commTrack: progress.commTrack,
  outcome: progress.outcome,
  recipients: [...tracks].map(([recipient, track]) => recipientView(recipient, track, peers)),
});

const recipientView = (
  recipient: RecipientId,
  { attempt, state }: RecipientTrack,
  peers: Peers,
): PushView['recipients'][number] => {
  const peer = peers.byRecipient(recipient) ?? [...peers.instancesOf(recipient)][0];
  const kind = peer?.running?.kind;
  return {
    recipient,
    ...(kind === undefined ? {} : { kind }),
    connected: peer !== undefined,
    attempt,
    stage: state.stage,
    commTrack: toCommTrack(state.times),
    ...(state.stage === 'failed' ? { problem: state.problem } : {}),
  };
};
