import { ok, problemOf, refuse, type IdentityEvent, type Problem, type Result } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { claimFault } from './claim.ts';
import { establishedBy, keepsCommitment, keysFault, type EstablishedKeys } from './establishment.ts';
import { signatureFault } from './event-signatures.ts';
import { identityAddressOf } from './identity-event.ts';
import { inceptionOf } from './inception.ts';

/** How far the whole log of an identity is known. Plain JSON, to be kept as it is. */
export interface IdentityState {
  /** Address of the inception. */
  readonly identity: Address;
  readonly n: number;
  /** Address of event n. */
  readonly tip: Address;
  readonly established: EstablishedKeys;
  /** Nothing follows a revocation. */
  readonly isRevoked: boolean;
}

/**
 * The state after an event, which follows from the one before in every respect, or the problem: `bad-identity`, or
 * `identity-revoked` once the identity was ended. The event that is the tip already changes nothing, so that it may be
 * sent again; another event of a number that was seen is a fork and refused: the first one seen holds.
 *
 * @param state undefined before the inception.
 */
export const advance = async (
  state: IdentityState | undefined,
  event: IdentityEvent,
): Promise<Result<IdentityState, Problem>> => {
  const address = await identityAddressOf(event);
  if (state === undefined) return begin(event, address);
  if (address === state.tip) return ok(state);
  if (state.isRevoked) return refuse(problemOf('identity-revoked'));
  const fault = placeFault(state, event) ?? (await contentFault(state, event));
  if (fault !== undefined) return refuse(fault);
  const signers = event.op === 'rotation' ? event : state.established;
  const unsigned = await signatureFault(event, address, signers);
  if (unsigned !== undefined) return refuse(bad('/signatures', unsigned));
  return ok({
    ...state,
    n: event.n,
    tip: address,
    established: event.op === 'rotation' ? establishedBy(event, address) : state.established,
    isRevoked: event.op === 'revocation',
  });
};

/** The state after all of the events, in their order; the problem of the first that does not fit, with its place. */
export const advanceAll = async (
  state: IdentityState | undefined,
  [first, ...others]: readonly [IdentityEvent, ...IdentityEvent[]],
): Promise<Result<IdentityState, Problem>> => {
  let result = await advance(state, first);
  let index = 0;
  for (const event of others) {
    if (!result.ok) break;
    result = await advance(result.value, event);
    index += 1;
  }
  return result.ok ? result : refuse({ ...result.problem, path: `/${index}${result.problem.path ?? ''}` });
};

const begin = async (event: IdentityEvent, address: Address): Promise<Result<IdentityState, Problem>> => {
  const begun = await inceptionOf(event, address);
  if (!begun.ok) return begun;
  return ok({ identity: address, n: 0, tip: address, established: begun.value, isRevoked: false });
};

const placeFault = (state: IdentityState, event: IdentityEvent): Problem | undefined => {
  if (event.n <= state.n) return bad('/n', `Another event ${event.n} was seen before; the first one holds.`);
  if (event.n > state.n + 1) return bad('/n', `Event ${state.n + 1} is missing.`);
  if (event.previous !== state.tip) return bad('/previous', 'It follows another event than the latest one.');
  return event.establishment === state.established.address
    ? undefined
    : bad('/establishment', 'The keys of another inception or rotation are in force.');
};

const contentFault = async (state: IdentityState, event: IdentityEvent): Promise<Problem | undefined> => {
  switch (event.op) {
    case 'inception':
      return bad('/op', 'An identity has one inception.');
    case 'rotation': {
      const fault = await keysFault(event);
      if (fault !== undefined) return bad('/keys', fault);
      return (await keepsCommitment(event, state.established))
        ? undefined
        : bad('/keys', 'The keys are not those that were committed to.');
    }
    case 'claim': {
      const fault = claimFault(event, state.established);
      return fault && bad(fault.path, fault.detail);
    }
    case 'revocation':
      return undefined;
    default:
      return event satisfies never;
  }
};

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
