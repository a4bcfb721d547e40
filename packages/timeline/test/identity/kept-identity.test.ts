import { describe, expect, it } from 'vitest';

import {
  advanceAll,
  claimSession,
  createIdentity,
  readKeptIdentity,
  readKeptNextKey,
  registeredUpTo,
  revokeIdentity,
  rotateIdentity,
  type IdentityState,
  type KeptIdentity,
} from '../../src/index.ts';
import { jwkOf, keyOf, scopeUntil, someAddress } from '../support/identities.ts';
import { faultOf, valueOf } from '../support/sessions.ts';

/** What a server says of what was made here. */
const registered = async (state: IdentityState | undefined, kept: KeptIdentity): Promise<IdentityState> => {
  const [first, ...others] = kept.pending;
  if (first === undefined) throw new Error('something is pending');
  return valueOf(await advanceAll(state, [first, ...others]));
};

const claimed = async (kept: KeptIdentity, name: string): Promise<KeptIdentity> =>
  (
    await claimSession(kept, {
      target: await someAddress(name),
      key: (await keyOf(70)).publicKey,
      scope: scopeUntil(1_000_000),
    })
  ).kept;

const fromDisk = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('[KEEP-1] what a machine keeps of an identity', () => {
  it('makes a log that others accept, through claims, rotations and its end', async () => {
    const { kept, next } = await createIdentity();
    let state = await registered(undefined, kept);
    let mine = await claimed(registeredUpTo(kept, state.n), 'one');
    expect(mine.pending).toHaveLength(1);
    state = await registered(state, mine);
    const rotated = await rotateIdentity(registeredUpTo(mine, state.n), next);
    mine = await claimed(rotated.kept, 'two');
    const again = await rotateIdentity(mine, rotated.next);
    mine = (await revokeIdentity(again.kept)).kept;
    expect(mine.pending).toHaveLength(4);
    state = await registered(state, mine);
    expect(state).toMatchObject({
      identity: kept.identity,
      n: mine.n,
      tip: mine.tip,
      isRevoked: true,
      established: { address: mine.established },
    });
    expect(mine.establishments).toHaveLength(3);
  });

  it('comes back from its file as it was', async () => {
    const { kept, next } = await createIdentity();
    const rotated = await rotateIdentity(await claimed(kept, 'one'), next);
    for (const each of [kept, rotated.kept, registeredUpTo(rotated.kept, 2)]) {
      expect(valueOf(await readKeptIdentity(fromDisk(each)))).toEqual(each);
    }
    expect(valueOf(await readKeptNextKey(fromDisk(rotated.next), rotated.kept))).toEqual(rotated.next);
  });

  it('has its next key elsewhere, and shows no private key in what others see', async () => {
    const { kept, next } = await createIdentity();
    expect(JSON.stringify(kept)).not.toContain(next.key.d);
    expect(JSON.stringify(kept)).not.toContain(next.key.x);
    expect(JSON.stringify(next)).not.toContain(kept.key.d);
    const { kept: after } = await claimSession(kept, {
      target: await someAddress('one'),
      key: (await keyOf(70)).publicKey,
      scope: scopeUntil(1),
    });
    for (const secret of [kept.key.d, next.key.d]) {
      expect(JSON.stringify([after.pending, after.establishments])).not.toContain(secret);
    }
  });

  it('is no identity where half of it is another’s', async () => {
    const { kept, next } = await createIdentity();
    const other = await createIdentity();
    const rotated = await rotateIdentity(kept, next);
    const read = async (value: unknown): Promise<string> => faultOf(await readKeptIdentity(fromDisk(value)));
    expect(await read(null)).toBe('bad-identity');
    expect(await read([])).toBe('bad-identity');
    expect(await read({ ...kept, v: 2 })).toBe('bad-identity');
    expect(await read({ ...kept, key: other.kept.key })).toBe('bad-identity /key');
    expect(await read({ ...kept, key: { ...kept.key, d: 7 } })).toBe('bad-identity /key');
    expect(await read({ ...rotated.kept, key: kept.key })).toBe('bad-identity /key');
    expect(await read({ ...kept, identity: other.kept.identity })).toBe('bad-identity /established');
    expect(await read({ ...rotated.kept, established: kept.identity })).toBe('bad-identity /established');
    expect(await read({ ...kept, tip: other.kept.tip })).toBe('bad-identity /tip');
    expect(await read({ ...rotated.kept, n: 0 })).toBe('bad-identity /tip');
    expect(await read({ ...rotated.kept, n: 0, pending: [] })).toBe('bad-identity /tip');
    expect(await read({ ...kept, isRevoked: 'no' })).toBe('bad-identity /isRevoked');
    expect(await read({ ...kept, establishments: [] })).toBe('bad-identity /establishments');
    const withClaim = await claimed(kept, 'one');
    expect(
      await read({ ...kept, establishments: [...kept.establishments, ...withClaim.pending.slice(-1)] }),
    ).toBe('bad-identity /establishments');
    expect(await read({ ...kept, establishments: {} })).toBe('bad-identity /establishments');
    expect(await read({ ...kept, pending: undefined })).toBe('bad-identity /pending');
    expect(await read({ ...kept, pending: [{}] })).toMatch(/^bad-identity/);
    expect(await read({ ...rotated.kept, establishments: rotated.kept.establishments.slice(1) })).toBe(
      'bad-identity /establishments',
    );
  });

  it('rotates to the key that it is committed to alone', async () => {
    const { kept, next } = await createIdentity();
    const other = await createIdentity();
    const read = async (value: unknown): Promise<string> =>
      faultOf(await readKeptNextKey(fromDisk(value), kept));
    expect(await read(next)).toBe('ok');
    expect(await read(other.next)).toBe('bad-identity /key');
    expect(await read({ ...next, key: jwkOf(1) })).toBe('bad-identity /key');
    expect(await read({ ...next, key: { ...next.key, d: undefined } })).toBe('bad-identity /key');
    expect(await read({ ...next, key: { ...next.key, kty: 'EC' } })).toBe('bad-identity /key');
    expect(await read({ ...next, key: { ...next.key, d: 'AA' } })).toBe('bad-identity /key');
    expect(await read({ ...next, key: null })).toBe('bad-identity /key');
    expect(await read({ ...next, v: 2 })).toBe('bad-identity');
    expect(await read('key')).toBe('bad-identity');
    expect(await read(null)).toBe('bad-identity');
    await expect(rotateIdentity(kept, other.next)).rejects.toThrow(TypeError);
  });
});
