import type { ICdPushEnvelop } from './wire/cd-push-envelop.ts';
import type { IDevSyncEnvelop } from './wire/dev-sync-envelop.ts';
import type { ICommConversationSub, ISyncTarget } from './wire/subscriber.ts';

/** The envelope in dev-sync's words; {@link fromDevSync} gives back exactly what went in. */
export const toDevSync = ({ pushData, req, resp }: ICdPushEnvelop): IDevSyncEnvelop => {
  const { pushRecepients, triggerEvent, emittEvent, commTrack, ...shared } = pushData;
  return {
    syncData: {
      ...shared,
      syncTargets: pushRecepients.map(toSyncTarget),
      syncTrigger: triggerEvent,
      syncEmitEvent: emittEvent,
      syncTrack: commTrack,
    },
    req,
    resp,
  };
};

export const fromDevSync = ({ syncData, req, resp }: IDevSyncEnvelop): ICdPushEnvelop => {
  const { syncTargets, syncTrigger, syncEmitEvent, syncTrack, ...shared } = syncData;
  return {
    pushData: {
      ...shared,
      pushRecepients: syncTargets.map(fromSyncTarget),
      triggerEvent: syncTrigger,
      emittEvent: syncEmitEvent,
      commTrack: syncTrack,
    },
    req,
    resp,
  };
};

const toSyncTarget = ({ syncTarget, ...subscription }: ICommConversationSub): ISyncTarget => ({
  ...syncTarget,
  subscription,
});

const fromSyncTarget = ({ subscription, ...selector }: ISyncTarget): ICommConversationSub =>
  Object.keys(selector).length === 0 ? subscription : { ...subscription, syncTarget: selector };
