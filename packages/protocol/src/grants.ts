import { covers } from './resource.ts';
import type { Grant } from './wire/grant.ts';

const holdsIn = ({ environments }: Grant, environment: string): boolean =>
  environments.includes('*') || environments.includes(environment);

/** Whether one of the grants covers this resource in this environment: what a push of the file needs. */
export const grantsCover = (grants: readonly Grant[], resource: string, environment: string): boolean =>
  grants.some((grant) => covers(grant.prefix, resource) && holdsIn(grant, environment));

/**
 * Whether one of the grants lies in this module, or above it, in this environment: what it takes to see its runtimes and
 * to show them a notice.
 */
export const grantsTouch = (grants: readonly Grant[], module: string, environment: string): boolean =>
  grants.some(
    (grant) =>
      holdsIn(grant, environment) && (grant.prefix === '/' || grant.prefix.split('/', 2)[1] === module),
  );

/** Whether one of the grants covers the whole module in this environment: what it takes to run an operation there. */
export const grantsRule = (grants: readonly Grant[], module: string, environment: string): boolean =>
  grantsCover(grants, `/${module}`, environment);
