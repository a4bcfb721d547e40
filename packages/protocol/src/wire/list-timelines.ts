import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { AddressSchema } from './scalars.ts';

/** Runtime → relay: which timelines there are of what it runs. */
export const ListTimelinesSchema = Type.Object({
  /** Name of the file with which the last page ended. */
  after: Type.Optional(Type.String({ minLength: 1, maxLength: limits.resourceLength })),
});
export type ListTimelines = Static<typeof ListTimelinesSchema>;

/** Relay → runtime: files of its module in its environment that have frames, in the order of their names. */
export const ListTimelinesAnswerSchema = Type.Object({
  timelines: Type.Array(
    Type.Object({
      resource: Type.String({ minLength: 1, maxLength: limits.resourceLength }),
      timeline: AddressSchema,
    }),
    { maxItems: limits.timelinesPerPage },
  ),
  /** Whether more follow. */
  more: Type.Boolean(),
});
export type ListTimelinesAnswer = Static<typeof ListTimelinesAnswerSchema>;
