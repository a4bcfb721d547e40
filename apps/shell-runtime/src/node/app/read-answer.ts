import { ProblemError, problemOf, ProblemSchema } from '@cd-push/protocol';
import Type from 'typebox';
import { Check } from 'typebox/value';

import type { AppCommand, AppCommands } from './messages.ts';

const AppliedSchema = Type.Union([
  Type.Object({
    outcome: Type.Literal('applied'),
    updated: Type.Array(Type.String()),
    retained: Type.Object({ bytes: Type.Number(), restartAsked: Type.Boolean() }),
  }),
  Type.Object({ outcome: Type.Literal('unaccepted'), problem: ProblemSchema }),
  Type.Object({ outcome: Type.Literal('failed'), problem: ProblemSchema, restored: Type.Boolean() }),
]);
const LeftSchema = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const ProblemOrNull = Type.Union([ProblemSchema, Type.Null()]);

/** What came over a thread's port is parsed like anything else that comes in: a program's code runs at the other end. */
const reader =
  <Schema extends Type.TSchema>(schema: Schema) =>
  (value: unknown): Type.Static<Schema> => {
    if (Check(schema, value)) return value;
    throw new ProblemError(
      problemOf('crashed', { detail: 'The program’s thread answered with something else than was asked.' }),
    );
  };

const nothing = (): null => null;

/** Reads the answer to each command. */
export const readAnswer: {
  readonly [Command in AppCommand]: (value: unknown) => AppCommands[Command]['value'];
} = {
  prepare: nothing,
  run: reader(ProblemOrNull),
  apply: reader(AppliedSchema),
  operate: nothing,
  release: reader(LeftSchema),
  tell: nothing,
  'edit-settled': nothing,
  ping: nothing,
};
