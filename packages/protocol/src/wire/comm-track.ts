import Type, { type Static } from 'typebox';

import { TimeSchema } from './scalars.ts';

/** The track of a push over all its recipients, or of one recipient, as everyone inside reads it. */
export const CommTrackSchema = Type.Object({
  initTime: TimeSchema,
  relayed: Type.Boolean(),
  relayTime: TimeSchema,
  pushed: Type.Boolean(),
  pushTime: TimeSchema,
  delivered: Type.Boolean(),
  deliveryTime: TimeSchema,
  completed: Type.Boolean(),
  completedTime: TimeSchema,
});
export type CommTrack = Static<typeof CommTrackSchema>;

/** A time as existing clients write it: a number, a string, or nothing. */
const LooseTimeSchema = Type.Optional(
  Type.Union([Type.Number(), Type.String({ maxLength: 64 }), Type.Null()]),
);
const LooseFlagSchema = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]));

/** A track as it may arrive: anything may be absent, times may be strings, and `deliverd` is an old spelling. */
export const CommTrackInputSchema = Type.Object({
  initTime: LooseTimeSchema,
  relayed: LooseFlagSchema,
  relayTime: LooseTimeSchema,
  pushed: LooseFlagSchema,
  pushTime: LooseTimeSchema,
  delivered: LooseFlagSchema,
  deliverd: LooseFlagSchema,
  deliveryTime: LooseTimeSchema,
  completed: LooseFlagSchema,
  completedTime: LooseTimeSchema,
});
export type CommTrackInput = Static<typeof CommTrackInputSchema>;
