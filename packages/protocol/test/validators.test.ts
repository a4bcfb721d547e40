import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Check } from 'typebox/value';

import { checks } from '../src/generated/validators.ts';
import { schemas, type SchemaName } from '../src/schemas.ts';
import { alterations, samples } from './schema-samples.ts';
import './seed.ts';

/** What is generated shares parts and says nothing twice; the library's own walk of a schema says what it has to come to. */
describe('[WIRE-5] a generated check says what its schema says', () => {
  it.each(Object.keys(schemas).filter((name): name is SchemaName => name in schemas))('%s', (name) => {
    fc.assert(
      fc.property(samples(schemas[name]), fc.nat(), (sample, at) => {
        expect(Check(schemas[name], sample)).toBe(true);
        expect(checks[name](sample)).toBe(true);
        const judged = alterations(sample, at).map((altered) => ({
          altered,
          checked: checks[name](altered),
        }));
        const said = judged.map(({ altered }) => ({ altered, checked: Check(schemas[name], altered) }));
        expect(judged).toEqual(said);
      }),
      { numRuns: 30 },
    );
  });
});
