import { ok, problemOf, refuse, type IdentityEvent, type Problem, type Result } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { establishedBy, keysFault, type EstablishedKeys } from './establishment.ts';
import { signatureFault } from './event-signatures.ts';

/** The keys that an identity begins with, or what is wrong with its first event: `bad-identity`. */
export const inceptionOf = async (
  event: IdentityEvent,
  address: Address,
): Promise<Result<EstablishedKeys, Problem>> => {
  if (event.op !== 'inception')
    return refuse(bad('/op', 'The log of an identity starts with its inception.'));
  const fault = await keysFault(event);
  if (fault !== undefined) return refuse(bad('/keys', fault));
  const unsigned = await signatureFault(event, address, event);
  if (unsigned !== undefined) return refuse(bad('/signatures', unsigned));
  return ok(establishedBy(event, address));
};

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
