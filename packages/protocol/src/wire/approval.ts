import Type, { type Static } from 'typebox';

import { DigestSchema, EpochMsSchema, NameSchema, PushGuidSchema } from './scalars.ts';

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
