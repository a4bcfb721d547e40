import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { EpochMsSchema } from './scalars.ts';
import { TargetSchema } from './statement.ts';

const ruleMembers = {
  /** What is pushed waits at the relay until this is lifted. */
  hold: Type.Boolean(),
  /**
   * Runtimes show the people in front of them nothing of what they take in or refuse, whatever a push says. Notices are
   * shown all the same: they are for these people, and a silent one says so itself.
   */
  silent: Type.Boolean(),
  /** Whose pushes a runtime takes: its own user's, everybody else's, or both. */
  mode: Type.Enum(['local', 'remote', 'hybrid']),
};

/** What holds for one runtime: the policies that match it, taken together. */
export const RuntimePolicySchema = Type.Object(ruleMembers);
export type RuntimePolicy = Static<typeof RuntimePolicySchema>;

/** What holds for the runtimes of an address. */
export const PolicySchema = Type.Object({
  target: TargetSchema,
  ...ruleMembers,
  /** Subject who set it, and when. */
  by: Type.String(),
  at: EpochMsSchema,
});
export type Policy = Static<typeof PolicySchema>;

/** Whoever rules all runtimes of an address → relay: change what holds there; a member that is absent stays. */
export const SetPolicySchema = Type.Object({
  target: TargetSchema,
  hold: Type.Optional(Type.Boolean()),
  silent: Type.Optional(Type.Boolean()),
  mode: Type.Optional(Type.Enum(['local', 'remote', 'hybrid'])),
});
export type SetPolicy = Static<typeof SetPolicySchema>;
export const SetPolicyAnswerSchema = Type.Object({ policy: PolicySchema });
export type SetPolicyAnswer = Static<typeof SetPolicyAnswerSchema>;

/** Anybody who may query → relay: what holds where. */
export const GetPoliciesSchema = Type.Object({});
export type GetPolicies = Static<typeof GetPoliciesSchema>;
export const GetPoliciesAnswerSchema = Type.Object({
  policies: Type.Array(PolicySchema, { maxItems: limits.policies }),
});
export type GetPoliciesAnswer = Static<typeof GetPoliciesAnswerSchema>;
