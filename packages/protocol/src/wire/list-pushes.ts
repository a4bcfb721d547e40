import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { JournalOffsetSchema, OffsetSchema } from './journal-offset.ts';
import { pushFilterMembers } from './observe.ts';
import { PushViewSchema } from './push-view.ts';

/** Anybody who may query → relay: pushes of the journal, the latest first. */
export const ListPushesSchema = Type.Object({
  ...pushFilterMembers,
  /** Subject of the sender. */
  sender: Type.Optional(Type.String({ maxLength: 128 })),
  outcome: Type.Optional(Type.Enum(['open', 'completed', 'partial', 'failed', 'expired'])),
  /** Only those before this place: the `next` of an earlier answer. */
  before: Type.Optional(OffsetSchema),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pushesPerPage })),
});
export type ListPushes = Static<typeof ListPushesSchema>;

/** Relay → asker: a page of them; `next` is absent on the last one. */
export const ListPushesAnswerSchema = Type.Object({
  journal: JournalOffsetSchema,
  pushes: Type.Array(PushViewSchema, { maxItems: limits.pushesPerPage }),
  next: Type.Optional(OffsetSchema),
});
export type ListPushesAnswer = Static<typeof ListPushesAnswerSchema>;
