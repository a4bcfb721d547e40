import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** One merge that really happened. More members may be there; they say where it comes from. */
const MergeCaseSchema = Type.Object({
  path: Type.String(),
  base: Type.String(),
  ours: Type.String(),
  theirs: Type.String(),
  git_clean: Type.Boolean(),
  /** Null where git has left a conflict. */
  git_result: Type.Union([Type.String(), Type.Null()]),
  /** Null where nobody knows. */
  human_result: Type.Union([Type.String(), Type.Null()]),
});

export type MergeCase = Static<typeof MergeCaseSchema>;

const validator = Compile(MergeCaseSchema);

/** What is wrong with a line. */
export class BadCase extends Error {
  override readonly name = 'BadCase';
}

/** @throws {BadCase} where it is none. */
export const mergeCaseOf = (line: string): MergeCase => {
  const value = parsed(line);
  if (!validator.Check(value)) {
    const [fault] = validator.Errors(value);
    throw new BadCase(`${fault?.instancePath ?? ''} ${fault?.message ?? 'is wrong'}`.trim());
  }
  if (value.git_clean && value.git_result === null)
    throw new BadCase('/git_result is missing of a clean merge');
  return value;
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadCase('is no JSON');
  }
};
