import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { FileVersionSchema } from './file-version.ts';
import { JournalOffsetSchema, OffsetSchema } from './journal-offset.ts';
import { NameSchema } from './scalars.ts';

const queryMembers = {
  environment: NameSchema,
  /** Only those before this: the `next` of an earlier answer to the same question. */
  before: Type.Optional(OffsetSchema),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.versionsPerPage })),
};
const PathSchema = Type.String({ minLength: 1, maxLength: limits.resourceLength });
const Absent = Type.Optional(Type.Never());

/**
 * Anybody who may query → relay: versions, the latest first, of one file, those included of which nothing but the signed
 * statement is left; or of all files under a prefix, as far as their pushes are kept.
 */
export const GetHistorySchema = Type.Union([
  Type.Object({ ...queryMembers, resource: PathSchema, prefix: Absent }),
  Type.Object({ ...queryMembers, prefix: PathSchema, resource: Absent }),
]);
export type GetHistory = Static<typeof GetHistorySchema>;

/** Relay → asker: a page of them; `next` is absent on the last one. */
export const GetHistoryAnswerSchema = Type.Object({
  journal: JournalOffsetSchema,
  versions: Type.Array(FileVersionSchema),
  next: Type.Optional(OffsetSchema),
});
export type GetHistoryAnswer = Static<typeof GetHistoryAnswerSchema>;
