import { problemOf, type Problem } from '@cd-push/protocol';
import type { ValueMap } from '@cd-push/timeline';

/** What a timeline or a constant says of whose it is: a file, or the files of a module. */
export interface Place {
  readonly tenant: string;
  readonly environment: string;
  /** What a grant has to cover. */
  readonly resource: string;
}

/** Undefined where it says nothing of the kind: nobody's grants are for such a thing. */
export const placeOf = ({ tenant, environment, resource, module }: ValueMap): Place | undefined => {
  if (typeof tenant !== 'string' || typeof environment !== 'string') return undefined;
  if (typeof resource === 'string') return { tenant, environment, resource };
  return typeof module === 'string' ? { tenant, environment, resource: `/${module}` } : undefined;
};

/** The same for what is another tenant's and for what is not granted: neither says that it is there. */
export const forbiddenAt = (place: Place | undefined, path: string): Problem =>
  problemOf('forbidden', {
    path,
    resource: place?.resource,
    detail: 'The session’s grants do not cover this.',
  });
