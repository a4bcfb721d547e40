import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  correctionOf,
  CorrectionSchema,
  problemKinds,
  problemOf,
  type Correction,
  type FailureFacts,
  type Problem,
  type ProblemKind,
} from '../src/index.ts';

const facts: FailureFacts = { resources: ['/shop/src/till.ts'], isConnected: true, isOwed: true };
const kinds = Object.keys(problemKinds) as ProblemKind[];
const failed = (detail: string, more: Partial<FailureFacts> = {}): Correction =>
  correctionOf(problemOf('apply-failed', { detail, resource: '/shop/src/till.ts' }), { ...facts, ...more });

const causes: readonly string[] = CorrectionSchema.properties.cause.enum;
const actions: readonly string[] = CorrectionSchema.properties.action.enum;

describe('[CORRECT-1] every failure has a correction, of the documented causes and actions', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      'There is no module ',
      '/shop/a.ts imports /shop/b.ts, which is deleted.',
      "The requested module '/shop/a.ts' does not provide an export named 'x'",
      'It did not settle in time: Not settled within 1500 ms.',
    ),
  );
  const detail = fc.option(
    fc.array(texts, { maxLength: 4 }).map((parts) => parts.join('')),
    { nil: undefined },
  );
  const anyFacts = fc.record({
    resources: fc.array(fc.constantFrom('/shop/a.ts', '/shop/b.ts')),
    isConnected: fc.boolean(),
    isOwed: fc.boolean(),
  });

  it('whatever its kind says, also one that only a later peer knows', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds, 'toString'),
        detail,
        anyFacts,
        fc.boolean(),
        (kind, text, about, retryable) => {
          const known = kinds.find((one) => one === kind);
          const problem: Problem =
            known === undefined
              ? { ...problemOf('internal', { detail: text }), kind: kind as ProblemKind, retryable }
              : problemOf(known, { detail: text });
          const { cause, action, advice } = correctionOf(problem, about);
          expect(causes).toContain(cause);
          expect(actions).toContain(action);
          expect(advice).toMatch(/\.$/);
        },
      ),
    );
  });

  it('a problem that may succeed later is tried again, one that may not is not, where nothing more is known', () => {
    const unknown = (retryable: boolean): Problem => ({
      ...problemOf('internal'),
      kind: 'of-tomorrow' as ProblemKind,
      retryable,
    });
    expect([correctionOf(unknown(true), facts).action, correctionOf(unknown(false), facts).action]).toEqual([
      'retry',
      'fix',
    ]);
  });

  it('however hostile a detail, it is read in no time and up to a bound', () => {
    for (const piece of [': /', '/ imports /', 'There is no module /', "'"]) {
      expect(failed(piece.repeat(1_000_000 / piece.length)).action).toBe('fix');
    }
  });
});

describe('[CORRECT-2] a failed import names the file that has to be pushed first', () => {
  it.each([
    ['It cannot be loaded: There is no module /shop/src/cart.ts.', 'missing-import', '/shop/src/cart.ts'],
    [
      'It cannot be loaded: There is no module /shop/src/a cart.v2.ts.',
      'missing-import',
      '/shop/src/a cart.v2.ts',
    ],
    [
      'It cannot be loaded: /shop/src/till.ts imports /shop/src/cart.ts, which is deleted.',
      'missing-import',
      '/shop/src/cart.ts',
    ],
    [
      'It cannot be loaded: /shop/src/main.ts still imports /shop/src/till.ts, which is deleted.',
      'mismatched-import',
      '/shop/src/main.ts',
    ],
    [
      "It threw while it was evaluated: The requested module '/shop/src/cart.ts' does not provide an export named 'total'",
      'mismatched-import',
      '/shop/src/cart.ts',
    ],
  ])('%s', (detail, cause, resource) => {
    expect(failed(detail)).toMatchObject({ cause, action: 'push-missing', resource });
  });

  it('unless the push brings it itself: then both have to be corrected', () => {
    const detail =
      "It threw while it was evaluated: The requested module '/shop/src/cart.ts' does not provide an export named 'total'";
    expect(failed(detail, { resources: ['/shop/src/cart.ts', '/shop/src/till.ts'] })).toMatchObject({
      cause: 'mismatched-import',
      action: 'fix',
      resource: '/shop/src/cart.ts',
    });
  });

  it.each([
    "It threw while it was evaluated: Cannot find package 'left-pad' imported from /srv/shop/",
    'It threw while it was evaluated: This page does not know "left-pad": neither its import map nor its host names that package.',
    'It cannot be loaded: Failed to resolve module specifier "left-pad". Relative references must start with either "/", "./", or "../".',
  ])('a package comes with the target and with no push: %s', (detail) => {
    expect(failed(detail)).toMatchObject({
      cause: 'missing-import',
      action: 'fix',
      advice: expect.stringContaining('left-pad'),
    });
  });

  it('what is no name of a resource is never proposed to be pushed', () => {
    expect(failed('It cannot be loaded: There is no module /shop/../../etc/passwd.')).toMatchObject({
      action: 'fix',
    });
  });
});

describe('[CORRECT-3] other failures', () => {
  it.each([
    ['apply-failed', 'broken-code', 'fix'],
    ['crashed', 'broken-code', 'fix'],
    ['restart-required', 'needs-restart', 'restart'],
    ['stale-version', 'stale-base', 'rebase'],
    ['broken-chain', 'stale-base', 'rebase'],
    ['forbidden', 'bad-grant', 'grant'],
    ['bad-certificate', 'bad-signature', 'sign-in'],
    ['session-revoked', 'bad-signature', 'sign-in'],
    ['timeout', 'transient', 'retry'],
  ] as const)('%s: %s, %s', (kind, cause, action) => {
    expect(correctionOf(problemOf(kind), facts)).toMatchObject({ cause, action });
  });

  it('what did not settle in time, or could not be fetched, is tried again', () => {
    expect(failed('It did not settle in time: Not settled within 1500 ms.').action).toBe('retry');
    expect(
      failed('It cannot be loaded: Failed to fetch dynamically imported module: https://x/a.js').action,
    ).toBe('retry');
  });

  it('of what expired: tried again where the target is back in time, else waited for', () => {
    const expired = (isConnected: boolean, isOwed: boolean): string =>
      correctionOf(problemOf('expired'), { ...facts, isConnected, isOwed }).action;
    expect([expired(true, true), expired(false, true), expired(true, false), expired(false, false)]).toEqual([
      'retry',
      'wait',
      'wait',
      'wait',
    ]);
  });
});
