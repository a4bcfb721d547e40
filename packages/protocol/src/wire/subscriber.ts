import Type, { type Static } from 'typebox';

import { CdObjIdSchema } from './cd-obj-id.ts';
import { SelectorSchema, selectorMembers } from './sync-target.ts';

const subscriptionMembers = {
  userId: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  subTypeId: Type.Integer({ minimum: 1, maximum: 9 }),
  cdObjId: Type.Optional(Type.Union([CdObjIdSchema, Type.Null()])),
  groupId: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, maxLength: 128 }), Type.Null()]),
  ),
  commconversationId: Type.Optional(Type.Unknown()),
  commconversationsubId: Type.Optional(Type.Unknown()),
  commconversationsubInvited: Type.Optional(Type.Unknown()),
  commconversationsubAccepted: Type.Optional(Type.Unknown()),
};
const SubscriptionSchema = Type.Object(subscriptionMembers);

/**
 * One entry of `pushRecepients`: the sender (1), a group (2: `groupId`) or a recipient (7: by `syncTarget`, by
 * `cdObjId.resourceGuid`, or by `userId`, in that order of precedence).
 */
export const CommConversationSubSchema = Type.Object({
  ...subscriptionMembers,
  syncTarget: Type.Optional(SelectorSchema),
});
export type ICommConversationSub = Static<typeof CommConversationSubSchema>;

/** The same entry as dev-sync spells it: the selector first, the subscription beside it. */
export const SyncTargetSchema = Type.Object({
  ...selectorMembers,
  subscription: SubscriptionSchema,
});
export type ISyncTarget = Static<typeof SyncTargetSchema>;
