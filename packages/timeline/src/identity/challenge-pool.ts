import type { ChallengePool, Digest, Verb } from '@cd-push/protocol';
import { platform } from '#crypto';

import { toBase64url, utf8 } from '../crypto/base64url.ts';
import { digestOf } from '../crypto/digest.ts';
import type { Awaitable } from '../crypto/port.ts';

/** Where the values of a session's pools come from; never shown. */
export interface PoolSecret {
  /** 32 random bytes, of this session alone. */
  readonly seed: Uint8Array;
  /** The nonce of the session's first frame: the same seed gives other values there. */
  readonly nonce: string;
}

/** What is behind the commitment of this id, in base64url: 32 bytes by HKDF (RFC 5869). */
export const poolValue = async ({ seed, nonce }: PoolSecret, pool: string, id: string): Promise<string> =>
  toBase64url(
    await platform.hkdf(seed, utf8(`cd-push/session/1\n${nonce}`), utf8(`challenge\n${pool}\n${id}`), 32),
  );

/** What commits to a value. It says of which pool and id, so that a value counts in one place alone. */
export const commitmentOf = (pool: string, id: string, value: string): Awaitable<Digest> =>
  digestOf(`cd-push/challenge/1\n${pool}\n${id}\n${value}`);

/** A pool of commitments whose ids are the numbers from 0. */
export const makePool = async (
  secret: PoolSecret,
  name: string,
  verbs: readonly Verb[],
  size: number,
): Promise<ChallengePool> => {
  const ids = Array.from({ length: size }, (_, index) => String(index));
  const commitments = await Promise.all(
    ids.map(async (id) => [id, await commitmentOf(name, id, await poolValue(secret, name, id))] as const),
  );
  return { verbs: [...verbs], commitments: Object.fromEntries(commitments) };
};
