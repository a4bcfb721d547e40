import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { NameSchema, PushGuidSchema } from './scalars.ts';
import { SelectorSchema } from './sync-target.ts';

/** Sender → relay: which versions are in place. */
export const GetHeadsSchema = Type.Object({
  environment: NameSchema,
  resources: Type.Array(Type.String({ minLength: 1, maxLength: limits.resourceLength }), { maxItems: limits.headQuery }),
});
export type GetHeads = Static<typeof GetHeadsSchema>;

/** Sender → relay: which runtimes this session may reach. */
export const ListTargetsSchema = Type.Object({ select: Type.Optional(SelectorSchema) });
export type ListTargets = Static<typeof ListTargetsSchema>;

/** Sender or observer → relay: where a push stands. */
export const GetTrackSchema = Type.Object({ pushGuid: PushGuidSchema });
export type GetTrack = Static<typeof GetTrackSchema>;

/** Any client → relay: a fresh token of the same session, before the old one expires. */
export const RenewSessionSchema = Type.Object({ token: Type.String({ minLength: 1, maxLength: 8192 }) });
export type RenewSession = Static<typeof RenewSessionSchema>;
