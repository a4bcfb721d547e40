import Type, { type Static } from 'typebox';

import { PushViewSchema } from './push-view.ts';
import { PushGuidSchema } from './scalars.ts';

/** Sender or observer → relay: where a push stands. */
export const GetTrackSchema = Type.Object({ pushGuid: PushGuidSchema });
export type GetTrack = Static<typeof GetTrackSchema>;

/** Relay → sender or observer: the push as it stands. */
export const GetTrackAnswerSchema = Type.Object({ push: PushViewSchema });
export type GetTrackAnswer = Static<typeof GetTrackAnswerSchema>;
