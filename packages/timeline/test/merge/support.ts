import fc from 'fast-check';

/** The same texts in every run; one that fails is told with its own path, by which it is run again. */
export const seeded = { seed: 20_261_120, numRuns: 500 };

/** Few different lines, so that they move, repeat and meet. */
const line = fc.oneof(
  fc.constantFrom('{\n', '}\n', '\n', '  a();\n', '  b();\n', 'x\n', 'x\r\n'),
  fc.nat(30).map((number) => `line ${number}\n`),
);
const lastLine = fc.constantFrom('', '', 'end', 'x');

const someLines = fc.array(line, { maxLength: 24 });
export const someText = fc.tuple(someLines, lastLine).map(([lines, last]) => lines.join('') + last);

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: readonly string[];
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(24),
  remove: fc.nat(3),
  insert: fc.array(line, { maxLength: 3 }),
});
const someEdits = fc.array(edit, { maxLength: 4 });

const edited = (lines: readonly string[], edits: readonly Edit[]): readonly string[] => {
  const result = [...lines];
  for (const { at, remove, insert } of edits) {
    result.splice(at % (result.length + 1), remove, ...insert);
  }
  return result;
};

/** Two sides that come from one base, with some lines of it changed. */
export const divergence = fc
  .tuple(someLines, lastLine, someEdits, someEdits)
  .map(([lines, last, one, other]) => ({
    base: lines.join('') + last,
    ours: edited(lines, one).join('') + last,
    theirs: edited(lines, other).join('') + last,
  }));
