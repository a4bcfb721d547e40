import Type, { type Static } from 'typebox';

import { PushGuidSchema } from './scalars.ts';

/** Sender or observer → relay: where a push stands. */
export const GetTrackSchema = Type.Object({ pushGuid: PushGuidSchema });
export type GetTrack = Static<typeof GetTrackSchema>;
