import { parse, type IdentityEvent, type Problem, type Result } from '@cd-push/protocol';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  advance,
  advanceAll,
  canonicalText,
  identityAddressOf,
  readObject,
  identityControl,
  storedObject,
  thumbprintOf,
  toBase64url,
  utf8,
  type IdentityState,
} from '../../src/index.ts';
import {
  after,
  claimOf,
  inceptionOf,
  keyOf,
  revocationOf,
  rotationOf,
  scopeUntil,
  signersOf,
  someAddress,
  type Generation,
  type Place,
} from '../support/identities.ts';

const one: Generation = { keys: [1], threshold: 1 };
const two: Generation = { keys: [2], threshold: 1 };
const three: Generation = { keys: [3], threshold: 1 };

const faultOf = (result: Result<unknown, Problem>): string =>
  result.ok ? 'ok' : `${result.problem.kind} ${result.problem.path ?? ''}`.trim();
const stateOf = (result: Result<IdentityState, Problem>): IdentityState => {
  if (!result.ok) throw new Error(result.problem.detail);
  return result.value;
};

let begun: IdentityState;
let first: Place;

beforeAll(async () => {
  const inception = await inceptionOf(one, two);
  begun = stateOf(await advance(undefined, inception));
  first = await after(inception);
});

describe('[IDENT-1] the log of an identity', () => {
  it('starts with an inception whose address names the identity', async () => {
    const inception = await inceptionOf(one, two);
    expect(begun).toMatchObject({ identity: await identityAddressOf(inception), n: 0, isRevoked: false });
    expect(faultOf(await advance(undefined, await claimOf(first, [1])))).toBe('bad-identity /op');
  });

  it('goes on event by event, each naming the one before and the keys in force', async () => {
    const claim = await claimOf(first, [1]);
    const rotation = await rotationOf(await after(claim, first.establishment), two, three);
    const later = await claimOf(await after(rotation), [2]);
    const state = stateOf(await advanceAll(begun, [claim, rotation, later]));
    expect(state).toMatchObject({
      identity: begun.identity,
      n: 3,
      tip: await identityAddressOf(later),
      established: { address: await identityAddressOf(rotation), n: 2 },
    });
  });

  it.each<[string, Partial<Place>, string]>([
    ['a number is left out', { n: 2 }, 'bad-identity /n'],
    ['the number jumps to 2^53 - 1', { n: Number.MAX_SAFE_INTEGER }, 'bad-identity /n'],
  ])('is refused where %s', async (_name, changed, fault) => {
    expect(faultOf(await advance(begun, await claimOf({ ...first, ...changed }, [1])))).toBe(fault);
  });

  it('is refused where an event follows another event, or names other keys than those in force', async () => {
    const elsewhere = await someAddress('elsewhere');
    const off = await claimOf({ ...first, previous: elsewhere }, [1]);
    expect(faultOf(await advance(begun, off))).toBe('bad-identity /previous');
    const others = await claimOf({ ...first, establishment: elsewhere }, [1]);
    expect(faultOf(await advance(begun, others))).toBe('bad-identity /establishment');
  });

  it('has one inception', async () => {
    expect(faultOf(await advance(begun, await inceptionOf(three, two)))).toBe('bad-identity /n');
  });

  it('takes the latest event again without a change, so that it may be sent twice', async () => {
    const claim = await claimOf(first, [1]);
    const state = stateOf(await advance(begun, claim));
    expect(stateOf(await advance(state, claim))).toEqual(state);
  });

  it('does not fork: of two events of one number the first seen holds', async () => {
    const seen = stateOf(await advance(begun, await claimOf(first, [1])));
    const fork = await claimOf(first, [1], { scope: scopeUntil(2_000_000) });
    expect(faultOf(await advance(seen, fork))).toBe('bad-identity /n');
  });

  it('is refused with the place of the first event that does not fit', async () => {
    const claim = await claimOf(first, [1]);
    const wrong = await claimOf(await after(claim, first.establishment), [2]);
    expect(faultOf(await advanceAll(begun, [claim, wrong, claim]))).toBe('bad-identity /1/signatures');
  });
});

describe('[IDENT-2] signatures of an event', () => {
  it('are those of the keys in force, not of others', async () => {
    for (const signers of [[2], [7]]) {
      const claim = await claimOf(first, signers);
      expect(faultOf(await advance(begun, claim))).toBe('bad-identity /signatures');
    }
  });

  it('are exactly as many as the threshold says, each by another key', async () => {
    const council: Generation = { keys: [11, 12, 13], threshold: 2 };
    const inception = await inceptionOf(council, two);
    const state = stateOf(await advance(undefined, inception));
    const place = await after(inception);
    for (const pair of [
      [11, 12],
      [12, 13],
      [13, 11],
    ]) {
      expect(faultOf(await advance(state, await claimOf(place, pair)))).toBe('ok');
    }
    const refused = 'bad-identity /signatures';
    expect(faultOf(await advance(state, await claimOf(place, [11])))).toBe(refused);
    expect(faultOf(await advance(state, await claimOf(place, [11, 12, 13])))).toBe(refused);
    expect(faultOf(await advance(state, await claimOf(place, [11, 11])))).toBe(refused);
    expect(faultOf(await advance(state, await claimOf(place, [11, 14])))).toBe(refused);
    expect(faultOf(await advance(undefined, await inceptionOf(council, two, {}, [11])))).toBe(refused);
  });

  it('stand in the order of their keys, so that an event has one address', async () => {
    const council: Generation = { keys: [11, 12], threshold: 2 };
    const inception = await inceptionOf(council, two);
    const turned: IdentityEvent = { ...inception, signatures: inception.signatures.toReversed() };
    expect(faultOf(await advance(undefined, turned))).toBe('bad-identity /signatures');
  });

  it('are covered by the address', async () => {
    const claim = await claimOf(first, [1]);
    const other = await claimOf(first, [2]);
    const { signatures: _, ...body } = claim;
    expect(other).toMatchObject(body);
    expect(await identityAddressOf(other)).not.toBe(await identityAddressOf(claim));
  });

  it('of one kind of object do not hold for another: the kind is signed in front', async () => {
    const { signatures, ...body } = await claimOf(first, [1]);
    const [signer] = await signersOf([1]);
    if (signer === undefined) throw new Error('there is a signer');
    const bare = toBase64url(await signer.sign(utf8(canonicalText(body))));
    const key = signatures[0]?.key ?? '';
    expect(faultOf(await advance(begun, { ...body, signatures: [{ key, signature: bare }] }))).toBe(
      'bad-identity /signatures',
    );
  });

  it('are not believed because the same event was verified for other keys', async () => {
    const claim = await claimOf(first, [1]);
    expect(faultOf(await advance(begun, claim))).toBe('ok');
    const altered: IdentityEvent = { ...claim, scope: scopeUntil(9) };
    expect(faultOf(await advance(begun, altered))).toBe('bad-identity /signatures');
  });
});

describe('[IDENT-3] a rotation', () => {
  it('brings the keys that were committed to, signed by them', async () => {
    const rotation = await rotationOf(first, two, three);
    const state = stateOf(await advance(begun, rotation));
    expect(state.established).toMatchObject({
      keys: [(await keyOf(2)).publicKey],
      next: [await thumbprintOf((await keyOf(3)).publicKey)],
    });
  });

  it('to other keys is refused, also where the key in force signs it: who has stolen that cannot rotate', async () => {
    expect(faultOf(await advance(begun, await rotationOf(first, three, two)))).toBe('bad-identity /keys');
    expect(faultOf(await advance(begun, await rotationOf(first, three, two, {}, [1])))).toBe(
      'bad-identity /keys',
    );
    expect(faultOf(await advance(begun, await rotationOf(first, two, three, {}, [1])))).toBe(
      'bad-identity /signatures',
    );
  });

  it('brings all the keys and the threshold that were committed to', async () => {
    const council: Generation = { keys: [21, 22], threshold: 2 };
    const inception = await inceptionOf(one, council);
    const state = stateOf(await advance(undefined, inception));
    const place = await after(inception);
    const attempt = async (generation: Generation): Promise<string> =>
      faultOf(await advance(state, await rotationOf(place, generation, three)));
    expect(await attempt(council)).toBe('ok');
    expect(await attempt({ keys: [21, 22], threshold: 1 })).toBe('bad-identity /keys');
    expect(await attempt({ keys: [21], threshold: 1 })).toBe('bad-identity /keys');
    expect(await attempt({ keys: [22, 21], threshold: 2 })).toBe('bad-identity /keys');
    expect(await attempt({ keys: [21, 22, 23], threshold: 2 })).toBe('bad-identity /keys');
  });

  it('ends the old key: what it signs from then on is refused', async () => {
    const rotation = await rotationOf(first, two, three);
    const state = stateOf(await advance(begun, rotation));
    const place = await after(rotation);
    expect(faultOf(await advance(state, await claimOf(place, [1])))).toBe('bad-identity /signatures');
    const asBefore = await claimOf({ ...place, establishment: begun.identity }, [1]);
    expect(faultOf(await advance(state, asBefore))).toBe('bad-identity /establishment');
  });
});

describe('[IDENT-4] keys and thresholds', () => {
  it.each<[string, Generation, Generation]>([
    ['a key twice', { keys: [2, 2], threshold: 1 }, three],
    ['a threshold above the keys', { keys: [2], threshold: 2 }, three],
    ['a next key twice', two, { keys: [3, 3], threshold: 1 }],
    ['a next threshold above the next keys', two, { keys: [3], threshold: 2 }],
    ['a next key that is in force already', two, { keys: [3, 2], threshold: 1 }],
  ])('%s is refused, at the inception and at a rotation', async (_name, current, next) => {
    expect(faultOf(await advance(undefined, await inceptionOf(current, next)))).toBe('bad-identity /keys');
    const rotation = await rotationOf(first, current, next);
    expect(faultOf(await advance(begun, rotation))).toBe('bad-identity /keys');
  });

  it.each<[string, Partial<IdentityEvent>]>([
    ['no key', { op: 'inception', keys: [] }],
    ['no next key', { op: 'inception', next: [] }],
    ['a threshold of 0', { op: 'inception', threshold: 0 }],
    ['no signature', { op: 'inception', signatures: [] }],
    ['a kind of another version', { op: 'inception', kind: 'cd-push/identity/2' as 'cd-push/identity/1' }],
  ])('%s is no event at all', async (_name, changed) => {
    const event = { ...(await inceptionOf(one, two)), ...changed };
    expect(faultOf(parse('IdentityEvent', event, 'bad-identity'))).toMatch(/^bad-identity/);
  });

  it('a member that is not known is refused, since another reader might act on it', async () => {
    const event = { ...(await inceptionOf(one, two)), admin: true };
    expect(faultOf(parse('IdentityEvent', event, 'bad-identity'))).toMatch(/^bad-identity/);
  });
});

describe('[IDENT-5] a claim', () => {
  it('is for a session with a key of its own', async () => {
    const own = await claimOf(first, [1], { key: (await keyOf(1)).publicKey });
    expect(faultOf(await advance(begun, own))).toBe('bad-identity /key');
  });

  it('gives the verb that it is for', async () => {
    const without = await claimOf(first, [1], { scope: scopeUntil(1_000, ['connect', 'push']) });
    expect(faultOf(await advance(begun, without))).toBe('bad-identity /scope/verbs');
  });
});

describe('[IDENT-6] a revocation', () => {
  it('ends an identity for good: nothing follows, neither by the key in force nor by the next one', async () => {
    const revocation = await revocationOf(first, [1]);
    const state = stateOf(await advance(begun, revocation));
    expect(state.isRevoked).toBe(true);
    const place: Place = { n: 2, previous: state.tip, establishment: begun.identity };
    for (const event of [
      await claimOf(place, [1]),
      await rotationOf(place, two, three),
      await revocationOf(place, [1]),
    ]) {
      expect(faultOf(await advance(state, event))).toBe('identity-revoked');
    }
  });

  it('is signed by the keys in force', async () => {
    expect(faultOf(await advance(begun, await revocationOf(first, [2])))).toBe('bad-identity /signatures');
  });

  it('may be sent again', async () => {
    const revocation = await revocationOf(first, [1]);
    const state = stateOf(await advance(begun, revocation));
    expect(stateOf(await advance(state, revocation))).toEqual(state);
  });
});

describe('an event as an object', () => {
  it('is read beside frames, and refers to the events it follows and the session it claims', async () => {
    const claim = await claimOf(first, [1]);
    const read = await readObject(await storedObject(claim), [identityControl]);
    expect(read).toMatchObject({
      ok: true,
      value: {
        type: 'control',
        kind: 'cd-push/identity/1',
        value: claim,
        refers: [first.previous, claim.target],
      },
    });
  });

  it('is refused with its place where it does not fit', async () => {
    const { verb: _, ...rest } = await claimOf(first, [1]);
    const read = await readObject(await storedObject(rest), [identityControl]);
    expect(faultOf(read)).toMatch(/^bad-object/);
  });

  it('is not accepted where nobody asks for it', async () => {
    expect(faultOf(await readObject(await storedObject(await claimOf(first, [1]))))).toBe('bad-object /kind');
  });
});

describe('a thumbprint', () => {
  it('is that of RFC 7638, as RFC 8037 appendix A.3 has it', async () => {
    const key = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    } as const;
    expect(await thumbprintOf(key)).toBe('sha256-kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});
