import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { ApprovalsAskedSchema, SignedApprovalSchema } from './approval.ts';
import { CdPushEnvelopSchema } from './cd-push-envelop.ts';
import { ProblemSchema } from './problem-schema.ts';
import { PushViewSchema } from './push-view.ts';
import { DigestSchema, EpochMsSchema, NameSchema, PushGuidSchema } from './scalars.ts';

/** A runtime that asks for approvals, as it was when the push was proposed. */
const AskingSchema = Type.Object({
  guid: Type.String({ minLength: 1, maxLength: 128 }),
  name: Type.String(),
  module: NameSchema,
  approvals: ApprovalsAskedSchema,
});

/** A push that was signed and is not sent yet: it waits for other people to approve of it. */
export const ProposalViewSchema = Type.Object({
  pushGuid: PushGuidSchema,
  /** Subject and name of who proposes it. */
  sender: NameSchema,
  senderName: Type.String(),
  environment: NameSchema,
  kind: Type.Enum(['patch', 'notice', 'operation']),
  /** Digest of its statement: what is approved of. */
  statement: DigestSchema,
  patches: PushViewSchema.properties.patches,
  /** Those that ask, the first of them where there are many. */
  asking: Type.Array(AskingSchema, { maxItems: limits.approvals }),
  /** How many other people have to approve, and who has. */
  required: Type.Integer({ minimum: 1, maximum: limits.approvals }),
  approvals: Type.Array(
    Type.Object({ approver: NameSchema, approverName: Type.String(), at: EpochMsSchema }),
    { maxItems: limits.approvals },
  ),
  proposedAt: EpochMsSchema,
  /** From then on nobody can approve of it any more. */
  expiresAt: EpochMsSchema,
  state: Type.Enum(['waiting', 'accepted', 'refused', 'withdrawn', 'expired']),
  /** Why it was refused when enough people had approved; of one that waits, why it could not be taken yet. */
  problem: Type.Optional(ProblemSchema),
});
export type ProposalView = Static<typeof ProposalViewSchema>;

const answered = { proposal: ProposalViewSchema };

/** Relay → sender, to `propose-push` with the very envelope of the push: it waits now. */
export const ProposePushAnswerSchema = Type.Object({ ...answered, duplicate: Type.Boolean() });
export type ProposePushAnswer = Static<typeof ProposePushAnswerSchema>;

/** Anybody who may query → relay. */
export const ListProposalsSchema = Type.Object({
  /** Those alone that wait; by default also what became of the others, for as long as that is kept. */
  waiting: Type.Optional(Type.Boolean()),
});
export type ListProposals = Static<typeof ListProposalsSchema>;

/** Relay → asker: the latest first. */
export const ListProposalsAnswerSchema = Type.Object({
  proposals: Type.Array(ProposalViewSchema, { maxItems: limits.proposalsPerPage }),
});
export type ListProposalsAnswer = Static<typeof ListProposalsAnswerSchema>;

/** Anybody who may query → relay: a proposal as it was signed, with all that it brings, so that nothing is taken on trust. */
export const GetProposalSchema = Type.Object({ pushGuid: PushGuidSchema });
export type GetProposal = Static<typeof GetProposalSchema>;

export const GetProposalAnswerSchema = Type.Object({ ...answered, envelope: CdPushEnvelopSchema });
export type GetProposalAnswer = Static<typeof GetProposalAnswerSchema>;

/** Approver → relay. With the last one that was needed the push is taken as though its sender had sent it then. */
export const ApprovePushSchema = Type.Object({
  pushGuid: PushGuidSchema,
  ...SignedApprovalSchema.properties,
});
export type ApprovePush = Static<typeof ApprovePushSchema>;

export const ApprovePushAnswerSchema = Type.Object(answered);
export type ApprovePushAnswer = Static<typeof ApprovePushAnswerSchema>;

/** Proposer → relay: it is not to be sent any more. */
export const WithdrawProposalSchema = Type.Object({ pushGuid: PushGuidSchema });
export type WithdrawProposal = Static<typeof WithdrawProposalSchema>;

export const WithdrawProposalAnswerSchema = Type.Object(answered);
export type WithdrawProposalAnswer = Static<typeof WithdrawProposalAnswerSchema>;
