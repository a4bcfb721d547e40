import type { Grant } from '@cd-push/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { grantsWithin, intersectGrants, scopeCovers, scopeHasVerb } from '../../src/index.ts';
import { scopeUntil } from '../support/identities.ts';

const resources = ['/a', '/a/x', '/a/x/y', '/a/xy', '/b', '/b/x', '/ab/x'];
const environments = ['development', 'staging', 'production'];

const grants = fc.array(
  fc.record({
    prefix: fc.constantFrom('/', '/a', '/a/', '/a/x', '/a/x/y', '/b', '/ab'),
    environments: fc.uniqueArray(fc.constantFrom('*', ...environments), { minLength: 1 }),
  }),
  { maxLength: 4 },
);

const granted = (given: readonly Grant[], resource: string, environment: string): boolean =>
  scopeCovers({ verbs: ['push'], grants: [...given], expiresAt: 1 }, 'push', resource, environment, 1);

const places = resources.flatMap((resource) =>
  environments.map((environment) => ({ resource, environment })),
);

describe('[CAP-1] a scope', () => {
  const scope = scopeUntil(1_000, ['push', 'sync']);

  it('covers its verbs, within its grants, until it expires', () => {
    expect(scopeCovers(scope, 'push', '/shop/a.css', 'development', 1_000)).toBe(true);
    expect(scopeCovers(scope, 'push', '/shop/a.css', 'development', 1_001)).toBe(false);
    expect(scopeCovers(scope, 'rollback', '/shop/a.css', 'development', 1)).toBe(false);
    expect(scopeCovers(scope, 'push', '/shopping/a.css', 'development', 1)).toBe(false);
    expect(scopeCovers(scope, 'push', '/shop/a.css', 'production', 1)).toBe(false);
  });

  it('has a verb, whatever its grants, until it expires', () => {
    expect(scopeHasVerb({ ...scope, grants: [] }, 'sync', 1_000)).toBe(true);
    expect(scopeHasVerb(scope, 'sync', 1_001)).toBe(false);
    expect(scopeHasVerb(scope, 'revoke', 1)).toBe(false);
  });
});

describe('[CAP-2] a claim narrows what is granted', () => {
  it('what both grant is what each of them grants', () => {
    fc.assert(
      fc.property(grants, grants, (ones, others) => {
        const both = intersectGrants(ones, others);
        for (const { resource, environment } of places) {
          const expected = granted(ones, resource, environment) && granted(others, resource, environment);
          expect(granted(both, resource, environment)).toBe(expected);
        }
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('what both grant lies within each of them', () => {
    fc.assert(
      fc.property(grants, grants, (ones, others) => {
        const both = intersectGrants(ones, others);
        expect(grantsWithin(both, ones)).toBe(true);
        expect(grantsWithin(both, others)).toBe(true);
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });

  it('what lies within other grants grants nothing beyond them', () => {
    fc.assert(
      fc.property(grants, grants, (inner, outer) => {
        if (!grantsWithin(inner, outer)) return;
        for (const { resource, environment } of places) {
          if (granted(inner, resource, environment)) expect(granted(outer, resource, environment)).toBe(true);
        }
      }),
      { seed: 3, numRuns: 3_000 },
    );
  });

  it('all environments lie within all environments alone, also within none that are named', () => {
    const all: Grant[] = [{ prefix: '/a', environments: ['*'] }];
    const named: Grant[] = [{ prefix: '/a', environments }];
    expect(grantsWithin(named, all)).toBe(true);
    expect(grantsWithin(all, named)).toBe(false);
    expect(grantsWithin([], [])).toBe(true);
  });
});
