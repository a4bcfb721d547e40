import type { IdentityClaim } from '@cd-push/protocol';

import type { EstablishedKeys } from './establishment.ts';

/** What is wrong with a claim by itself. */
export const claimFault = (
  { key, verb, scope }: IdentityClaim,
  { keys }: EstablishedKeys,
): { readonly path: string; readonly detail: string } | undefined => {
  if (keys.some(({ x }) => x === key.x)) {
    return { path: '/key', detail: 'A session has a key of its own, not one of its identity.' };
  }
  return scope.verbs.includes(verb)
    ? undefined
    : { path: '/scope/verbs', detail: `The scope leaves out "${verb}", which the claim is for.` };
};
