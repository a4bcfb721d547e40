import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { DigestSchema, EpochMsSchema, NameSchema } from './scalars.ts';

/** Names one edit; whoever made it chose it. */
const EditIdSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{16,64}$' });

const editMembers = {
  edit: EditIdSchema,
  resource: Type.String({ minLength: 1, maxLength: limits.resourceLength }),
  /** The version that was edited, and the digest of what runs of it; 0 stands for what the page was served. */
  version: Type.Integer({ minimum: 0 }),
  digest: DigestSchema,
  /** The whole file as it shall be: its source, not what is made of it. */
  text: Type.String({ maxLength: limits.editLength }),
};

/** Runtime → relay: someone has edited a file where it runs. */
export const SaveEditSchema = Type.Object(editMembers);
export type SaveEdit = Static<typeof SaveEditSchema>;

/** Relay → runtime: the edit is kept until a developer has taken it in or refused it; the same edit twice is one. */
export const SaveEditAnswerSchema = Type.Object({ edit: EditIdSchema });
export type SaveEditAnswer = Static<typeof SaveEditAnswerSchema>;

/** An edit as developers are told of it. */
export const OfferedEditSchema = Type.Object({
  ...editMembers,
  environment: NameSchema,
  runtime: RecipientIdSchema,
  at: EpochMsSchema,
});
export type OfferedEdit = Static<typeof OfferedEditSchema>;

/** Sender → relay: edits of this module are taken in here from now on. */
export const AcceptEditsSchema = Type.Object({ environment: NameSchema, module: NameSchema });
export type AcceptEdits = Static<typeof AcceptEditsSchema>;

/** Relay → sender: edits that nobody has settled yet, the oldest first. */
export const AcceptEditsAnswerSchema = Type.Object({ edits: Type.Array(OfferedEditSchema) });
export type AcceptEditsAnswer = Static<typeof AcceptEditsAnswerSchema>;

/** What became of an edit: it is in the file on a developer's disk, or it is not, and why. */
const outcomeMembers = {
  edit: EditIdSchema,
  outcome: Type.Enum(['merged', 'conflict', 'refused']),
  problem: Type.Optional(ProblemSchema),
};

/** Sender → relay. The first word counts. */
export const SettleEditSchema = Type.Object(outcomeMembers);
export type SettleEdit = Static<typeof SettleEditSchema>;

export const SettleEditAnswerSchema = Type.Object({
  /** False where someone else had settled it before. */
  isFirst: Type.Boolean(),
});
export type SettleEditAnswer = Static<typeof SettleEditAnswerSchema>;

/** Relay → runtime: what became of an edit that was made there. */
export const EditSettledSchema = Type.Object(outcomeMembers);
export type EditSettled = Static<typeof EditSettledSchema>;
