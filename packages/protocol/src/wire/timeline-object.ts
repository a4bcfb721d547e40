import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';

/**
 * An object of a timeline as it travels. Its address is not sent: a receiver takes it from the bytes. `json` is a
 * structured object in its canonical spelling, `text` and `base64` are the content of a file.
 */
export const TimelineObjectSchema = Type.Union([
  Type.Object(
    { json: Type.String({ minLength: 2, maxLength: limits.timelineObjectLength }) },
    { additionalProperties: false },
  ),
  Type.Object({ text: Type.String({ maxLength: limits.contentBytes }) }, { additionalProperties: false }),
  Type.Object(
    { base64: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: limits.envelopeBytes }) },
    { additionalProperties: false },
  ),
]);
export type TimelineObject = Static<typeof TimelineObjectSchema>;
