import Type, { type Static } from 'typebox';

import { uuidPattern } from './scalars.ts';

export const EpochSchema = Type.String({ pattern: uuidPattern });
/** Place in the relay's journal: it rises by one with everything that is written, in the order of the commits. */
export const OffsetSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** How far somebody has followed the journal. Offsets of different epochs say nothing about each other. */
export const JournalOffsetSchema = Type.Object({ epoch: EpochSchema, offset: OffsetSchema });
export type JournalOffset = Static<typeof JournalOffsetSchema>;
