import { covers, grantsCover, type Grant, type Scope, type Verb } from '@cd-push/protocol';

/** Whether a scope gives the right to do this to a resource in an environment at a time (milliseconds since the epoch). */
export const scopeCovers = (
  scope: Scope,
  verb: Verb,
  resource: string,
  environment: string,
  at: number,
): boolean => scopeHasVerb(scope, verb, at) && grantsCover(scope.grants, resource, environment);

/** The same of what is done to no resource: connecting, taking part in a synchronisation. */
export const scopeHasVerb = (scope: Scope, verb: Verb, at: number): boolean =>
  at <= scope.expiresAt && scope.verbs.includes(verb);

/** Whether nothing is granted by the inner grants that the outer ones do not grant. */
export const grantsWithin = (inner: readonly Grant[], outer: readonly Grant[]): boolean =>
  inner.every(({ prefix, environments }) =>
    environments.every((environment) =>
      outer.some((grant) => covers(grant.prefix, prefix) && holdsIn(grant, environment)),
    ),
  );

/** What both grant. */
export const intersectGrants = (ones: readonly Grant[], others: readonly Grant[]): Grant[] =>
  ones.flatMap((one) =>
    others.flatMap((other) => {
      const prefix = narrower(one.prefix, other.prefix);
      const environments = one.environments.includes('*')
        ? other.environments
        : one.environments.filter((environment) => holdsIn(other, environment));
      return prefix === undefined || environments.length === 0
        ? []
        : [{ prefix, environments: [...environments] }];
    }),
  );

const narrower = (one: string, other: string): string | undefined => {
  if (covers(other, one)) return one;
  return covers(one, other) ? other : undefined;
};

const holdsIn = ({ environments }: Grant, environment: string): boolean =>
  environments.includes('*') || environments.includes(environment);
