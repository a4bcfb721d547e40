import type { Establishment, PublicKey, Rotation } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { thumbprintOf } from './key-thumbprint.ts';

/** Whose signatures count since an inception or a rotation, and to which keys it is committed next. */
export interface EstablishedKeys {
  /** Of the inception or rotation. */
  readonly address: Address;
  readonly n: number;
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  /** Thumbprints. */
  readonly next: readonly string[];
  readonly nextThreshold: number;
}

/** What an event establishes. */
export const establishedBy = (
  { n, keys, threshold, next, nextThreshold }: Establishment,
  address: Address,
): EstablishedKeys => ({ address, n, keys, threshold, next, nextThreshold });

/** What is wrong with keys and commitments by themselves. */
export const keysFault = async ({
  keys,
  threshold,
  next,
  nextThreshold,
}: Establishment): Promise<string | undefined> => {
  const current = await thumbprintsOf(keys);
  if (new Set(current).size !== current.length) return 'A key stands twice.';
  if (threshold > keys.length) return 'More keys have to sign than there are.';
  if (new Set(next).size !== next.length) return 'A next key stands twice.';
  if (nextThreshold > next.length) return 'More next keys have to sign than there will be.';
  return next.some((thumbprint) => current.includes(thumbprint))
    ? 'A key that is in use already is no next key: who has stolen it could rotate.'
    : undefined;
};

/** Whether a rotation brings just the keys that its predecessor is committed to, and their threshold. */
export const keepsCommitment = async (rotation: Rotation, before: EstablishedKeys): Promise<boolean> => {
  const brought = await thumbprintsOf(rotation.keys);
  return (
    rotation.threshold === before.nextThreshold &&
    brought.length === before.next.length &&
    brought.every((thumbprint, index) => thumbprint === before.next[index])
  );
};

const thumbprintsOf = (keys: readonly PublicKey[]): Promise<readonly string[]> =>
  Promise.all(keys.map(async (key) => thumbprintOf(key)));
