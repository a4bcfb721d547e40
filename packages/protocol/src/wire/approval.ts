import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { DigestSchema, EpochMsSchema, JwsSchema, NameSchema, PushGuidSchema } from './scalars.ts';

/** Another person says yes to a push: payload of a JWS whose `typ` is `cd-push-approval+jws`. */
export const ApprovalSchema = Type.Object({
  v: Type.Literal(1),
  tenant: NameSchema,
  pushGuid: PushGuidSchema,
  /** Digest of the statement as it travels: the compact JWS. */
  statement: DigestSchema,
  /** Subject of the approver's certificate. */
  approver: NameSchema,
  /** Digest of the approver's certificate. */
  certificate: DigestSchema,
  issuedAt: EpochMsSchema,
});
export type Approval = Static<typeof ApprovalSchema>;

/** An approval as it travels, with the certificate of who gave it. Nobody signs it beside that: each speaks for itself. */
export const SignedApprovalSchema = Type.Object({ approval: JwsSchema, certificate: JwsSchema });
export type SignedApproval = Static<typeof SignedApprovalSchema>;

/** How many other people have to approve of what is pushed to a target; 0 where nobody has to. */
export const ApprovalsAskedSchema = Type.Integer({ minimum: 0, maximum: limits.approvals });
