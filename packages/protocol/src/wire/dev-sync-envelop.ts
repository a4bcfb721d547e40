import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { CdPushEnvelopSchema, sharedMembers } from './cd-push-envelop.ts';
import { CommTrackSchema } from './comm-track.ts';
import { SyncTargetSchema } from './subscriber.ts';

/**
 * The same envelope in dev-sync's words. Everything of {@link CdPushEnvelopSchema} is there; five members of its
 * `pushData` carry the names that developers know them by.
 */
export const DevSyncEnvelopSchema = Type.Object({
  syncData: Type.Object({
    ...sharedMembers,
    syncTargets: Type.Array(SyncTargetSchema, { maxItems: limits.recipients }),
    syncTrigger: Type.String({ minLength: 1, maxLength: 128 }),
    syncEmitEvent: Type.String({ minLength: 1, maxLength: 128 }),
    syncTrack: CommTrackSchema,
    isSilentSync: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  }),
  req: CdPushEnvelopSchema.properties.req,
  resp: CdPushEnvelopSchema.properties.resp,
});
export type IDevSyncEnvelop = Static<typeof DevSyncEnvelopSchema>;
