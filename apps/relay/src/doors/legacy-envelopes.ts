import {
  ok,
  problemOf,
  redact,
  refuse,
  subTypes,
  type CdObjId,
  type CommTrack,
  type ICdPushEnvelop,
  type ICommConversationSub,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import type { UserSession } from '../authority/session.ts';

export const unreachable = (path: string): Problem =>
  problemOf('no-recipients', {
    path,
    detail: 'No object that this session may reach is registered under this address.',
  });

const guidOf = (entry: ICommConversationSub): string => entry.cdObjId?.resourceGuid ?? '';

/** Objects that the sender's entries speak for. */
export const ownObjects = ({ pushData }: ICdPushEnvelop): { guid: string; path: string }[] =>
  pushData.pushRecepients.flatMap((entry, index) =>
    entry.subTypeId === subTypes.sender && guidOf(entry) !== ''
      ? [{ guid: guidOf(entry), path: `/pushData/pushRecepients/${index}/cdObjId/resourceGuid` }]
      : [],
  );

/** These clients address objects by guid and nothing else; what they do not support is refused by name. */
export const addressees = (
  entries: readonly ICommConversationSub[],
): Result<readonly { readonly guid: string; readonly path: string }[], Problem> => {
  const found: { guid: string; path: string }[] = [];
  for (const [index, entry] of entries.entries()) {
    const path = `/pushData/pushRecepients/${index}`;
    if (entry.subTypeId === subTypes.sender) continue;
    if (entry.subTypeId !== subTypes.recipient) {
      const detail = `subTypeId ${entry.subTypeId} is not supported for messages without a statement; use 7.`;
      return refuse(problemOf('unsupported-recipient', { path: `${path}/subTypeId`, detail }));
    }
    found.push({ guid: guidOf(entry), path });
  }
  return ok(found);
};

/** What of an envelope goes on: without token, sockets, and secrets of request and response. */
export const copyOf = (
  { pushData, req, resp }: ICdPushEnvelop,
  user: UserSession['user'],
): ICdPushEnvelop => ({
  pushData: {
    ...(pushData.appId === undefined ? {} : { appId: pushData.appId }),
    appSockets: [],
    pushGuid: pushData.pushGuid,
    m: pushData.m ?? null,
    pushRecepients: withSender(pushData.pushRecepients, user).map(({ userId, subTypeId, cdObjId }) => ({
      userId: subTypeId === subTypes.sender ? user.id : userId,
      subTypeId,
      cdObjId: objectOf(cdObjId ?? {}),
    })),
    triggerEvent: pushData.triggerEvent,
    emittEvent: pushData.emittEvent,
    token: '',
    isNotification: pushData.isNotification ?? null,
    isAppInit: pushData.isAppInit ?? null,
    commTrack: pushData.commTrack,
  },
  req: req === null ? null : redact(req),
  resp: resp === null ? null : redact(resp),
});

/** Who sends follows from the session, whatever the envelope says, or does not say. */
const withSender = (
  entries: readonly ICommConversationSub[],
  user: UserSession['user'],
): readonly ICommConversationSub[] =>
  entries.some(({ subTypeId }) => subTypeId === subTypes.sender)
    ? entries
    : [{ userId: user.id, subTypeId: subTypes.sender, cdObjId: { resourceGuid: user.guid } }, ...entries];

const objectOf = ({ appId, ngModule, cdModule, resourceName, resourceGuid }: CdObjId): CdObjId => ({
  ...(appId === undefined ? {} : { appId }),
  ...(cdModule === undefined ? {} : { cdModule }),
  ngModule: ngModule ?? null,
  resourceName: resourceName ?? null,
  resourceGuid: resourceGuid ?? null,
  jwtToken: null,
  socket: null,
  commTrack: null,
});

/** Clients dispatch on the names in the body, so these say what the frame's own name says. */
export const renamed = (
  { pushData, req, resp }: ICdPushEnvelop,
  triggerEvent: string,
  emittEvent: string,
  commTrack: CommTrack,
  isNotification: boolean,
): ICdPushEnvelop => ({
  pushData: { ...pushData, triggerEvent, emittEvent, commTrack, isNotification },
  req,
  resp,
});
