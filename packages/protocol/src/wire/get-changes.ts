import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { FileVersionSchema } from './file-version.ts';
import { JournalOffsetSchema, OffsetSchema } from './journal-offset.ts';
import { EpochMsSchema, NameSchema } from './scalars.ts';

const PathSchema = Type.String({ minLength: 1, maxLength: limits.resourceLength });

/** Anybody who may query → relay: which files under a prefix have changed since, and what was in place then. */
export const GetChangesSchema = Type.Object({
  environment: NameSchema,
  prefix: PathSchema,
  /** A place of the journal, what was written there included, or a time, of what was accepted until then. */
  since: Type.Union([
    Type.Object({ offset: OffsetSchema }, { additionalProperties: false }),
    Type.Object({ at: EpochMsSchema }, { additionalProperties: false }),
  ]),
  /** Only files behind this one: the `next` of an earlier answer. */
  after: Type.Optional(PathSchema),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.versionsPerPage })),
});
export type GetChanges = Static<typeof GetChangesSchema>;

/** One file that has changed since. */
export const FileChangeSchema = Type.Object({
  /** The version in place. */
  now: FileVersionSchema,
  /** The one that was in place then; null where none is known. */
  before: Type.Union([FileVersionSchema, Type.Null()]),
  /** Whether there may have been one then that the journal knows no more. */
  forgotten: Type.Boolean(),
});
export type FileChange = Static<typeof FileChangeSchema>;

/** Relay → asker: a page of them by name, and the place that `since` stands for; `next` is absent on the last one. */
export const GetChangesAnswerSchema = Type.Object({
  journal: JournalOffsetSchema,
  since: OffsetSchema,
  changes: Type.Array(FileChangeSchema),
  next: Type.Optional(PathSchema),
});
export type GetChangesAnswer = Static<typeof GetChangesAnswerSchema>;
