import {
  isPublicKey,
  ok,
  parse,
  problemOf,
  refuse,
  type IdentityEvent,
  type Inception,
  type Problem,
  type Result,
  type Rotation,
} from '@cd-push/protocol';

import type { PrivateKeyJwk } from '../crypto/port.ts';
import { isAddress } from '../objects/address.ts';
import { isMembers } from '../objects/members.ts';
import { follow } from './followed-identity.ts';
import { identityAddressOf } from './identity-event.ts';
import type { KeptIdentity, KeptNextKey } from './kept-identity.ts';
import { thumbprintOf } from './key-thumbprint.ts';

/**
 * Reads what was kept of an identity. What does not fit together - a file of which half was written, another identity's
 * key - is refused (`bad-identity`) before anything is signed with it. The problem says nothing of the keys.
 */
export const readKeptIdentity = async (value: unknown): Promise<Result<KeptIdentity, Problem>> => {
  if (!isMembers(value) || value['v'] !== 1) return refuse(bad('', 'This is no kept identity.'));
  const { identity, established, n, tip, isRevoked, key } = value;
  const establishments = eventsIn(value['establishments'], '/establishments');
  if (!establishments.ok) return establishments;
  const pending = eventsIn(value['pending'], '/pending');
  if (!pending.ok) return pending;
  const [inception, ...rotations] = establishments.value;
  if (inception?.op !== 'inception' || !rotations.every((event) => event.op === 'rotation')) {
    return refuse(bad('/establishments', 'An inception and rotations are kept here.'));
  }
  const log: readonly [Inception, ...Rotation[]] = [inception, ...rotations];
  const followed = await follow(undefined, log);
  if (!followed.ok) return followed;
  const latest = followed.value.establishments.at(-1);
  if (latest === undefined || identity !== followed.value.identity || established !== latest.address) {
    return refuse(bad('/established', 'The inception and rotations are of another identity.'));
  }
  if (!isPrivateKey(key) || !latest.keys.some(({ x }) => x === key.x)) {
    return refuse(bad('/key', 'This is not the key in force.'));
  }
  const last = pending.value.at(-1);
  const isAtTip =
    isAddress(tip) &&
    Number.isSafeInteger(n) &&
    (last === undefined || (last.n === n && (await identityAddressOf(last)) === tip));
  if (!isAtTip || typeof n !== 'number' || n < latest.n) {
    return refuse(bad('/tip', 'The log ends elsewhere than its events.'));
  }
  if (typeof isRevoked !== 'boolean') return refuse(bad('/isRevoked', 'This is neither true nor false.'));
  const { identity: address, establishments: known } = followed.value;
  return ok({
    v: 1,
    identity: address,
    establishments: log,
    established: (known.at(-1) ?? known[0]).address,
    n,
    tip,
    pending: pending.value,
    isRevoked,
    key,
  });
};

/** Reads the key of the next rotation, which has to be the one that the identity is committed to. */
export const readKeptNextKey = async (
  value: unknown,
  { identity, establishments }: KeptIdentity,
): Promise<Result<KeptNextKey, Problem>> => {
  if (!isMembers(value) || value['v'] !== 1) return refuse(bad('', 'This is no kept key.'));
  const { key } = value;
  const committed = (establishments.at(-1) ?? establishments[0]).next;
  return isPrivateKey(key) &&
    value['identity'] === identity &&
    committed.includes(await thumbprintOf({ kty: key.kty, crv: key.crv, x: key.x }))
    ? ok({ v: 1, identity, key })
    : refuse(bad('/key', 'The identity is committed to another next key.'));
};

const eventsIn = (value: unknown, path: string): Result<readonly IdentityEvent[], Problem> => {
  if (!Array.isArray(value)) return refuse(bad(path, 'This is no list of events.'));
  const events: IdentityEvent[] = [];
  for (const item of value) {
    const event = parse('IdentityEvent', item, 'bad-identity');
    if (!event.ok) return event;
    events.push(event.value);
  }
  return ok(events);
};

const isPrivateKey = (value: unknown): value is PrivateKeyJwk => {
  if (!isMembers(value)) return false;
  const { d, ...publicKey } = value;
  return typeof d === 'string' && /^[A-Za-z0-9_-]{43}$/.test(d) && isPublicKey(publicKey);
};

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
