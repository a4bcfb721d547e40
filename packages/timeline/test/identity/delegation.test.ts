import { isCertificate, type Certificate, type Establishment, type Scope } from '@cd-push/protocol';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  follow,
  identityAddressOf,
  openDelegation,
  type Address,
  type FollowedIdentity,
} from '../../src/index.ts';
import {
  after,
  claimOf,
  inceptionOf,
  keyOf,
  revocationOf,
  rotationOf,
  scopeUntil,
  someAddress,
  type Generation,
  type Place,
} from '../support/identities.ts';
import { faultOf, valueOf } from '../support/sessions.ts';

const one: Generation = { keys: [1], threshold: 1 };
const two: Generation = { keys: [2], threshold: 1 };
const three: Generation = { keys: [3], threshold: 1 };
const four: Generation = { keys: [4], threshold: 1 };
const until = 1_000_000;

let inception: Establishment;
let identity: Address;
let first: Place;
let certificate: Certificate;

beforeAll(async () => {
  const begun = await inceptionOf(one, two);
  inception = begun;
  identity = await identityAddressOf(begun);
  first = await after(begun);
  certificate = {
    v: 1,
    iss: 'https://api.example',
    aud: 'cd-push:code',
    sub: 'user-1',
    tenant: 'local',
    session: await someAddress('a session'),
    identity,
    delegation: { establishments: [begun], claim: await claimOf(first, [1]) },
    cnf: { jwk: (await keyOf(9_999)).publicKey },
    verbs: ['connect', 'sync', 'push'],
    grants: [{ prefix: '/shop', environments: ['development'] }],
    notBefore: 0,
    notAfter: until,
  };
});

/** Kind of the problem, and its place in the delegation where it has one. */
const openWith = async (changed: Partial<Certificate>, known?: FollowedIdentity): Promise<string> =>
  faultOf(await openDelegation({ ...certificate, ...changed }, known))
    .replace('/pushData/certificate/delegation', '')
    .replace(' /pushData/certificate', '');

describe('[DELEG-1] a certificate shows what the identity itself has claimed', () => {
  it('its session, key and scope, signed by the identity’s keys', async () => {
    const { delegate, followed } = valueOf(await openDelegation(certificate, undefined));
    expect(delegate).toEqual({
      identity,
      session: certificate.session,
      key: certificate.cnf.jwk,
      scope: scopeUntil(until),
    });
    expect(followed).toMatchObject({ identity, isRevoked: false });
    expect(followed.establishments).toHaveLength(1);
    expect(faultOf(await openDelegation(certificate, followed))).toBe('ok');
  });

  it('and nothing holds that the issuer made up', async () => {
    const elsewhere = await someAddress('elsewhere');
    expect(await openWith({ session: elsewhere })).toBe('bad-certificate');
    expect(await openWith({ identity: elsewhere })).toBe('bad-certificate');
    expect(await openWith({ cnf: { jwk: (await keyOf(8)).publicKey } })).toBe('bad-certificate');
    expect(await openWith({ notAfter: until + 1 })).toBe('bad-certificate');
    expect(await openWith({ verbs: ['push', 'rollback'] })).toBe('bad-certificate');
    for (const grants of [
      [{ prefix: '/', environments: ['development'] }],
      [{ prefix: '/shop', environments: ['*'] }],
      [{ prefix: '/shop', environments: ['development', 'production'] }],
      [{ prefix: '/shopping', environments: ['development'] }],
    ]) {
      expect(await openWith({ grants })).toBe('bad-certificate');
    }
  });

  it('and one without an identity or its claim is the issuer’s word alone', () => {
    for (const member of ['identity', 'delegation'] as const) {
      const { [member]: _, ...rest } = certificate;
      expect(isCertificate(rest)).toBe(false);
    }
  });

  it('and a session is named by the address of its first frame', async () => {
    const target = `b${'a'.repeat(60)}`;
    const claim = await claimOf(first, [1], { target });
    expect(await openWith({ session: target, delegation: { establishments: [inception], claim } })).toBe(
      'bad-certificate',
    );
  });

  it('what the issuer grants less of, the session has less of', async () => {
    const grants = [{ prefix: '/shop/cart', environments: ['development'] }];
    const opened = await openDelegation({ ...certificate, grants, verbs: ['push'] }, undefined);
    const scope: Scope = { verbs: ['push'], grants, expiresAt: until };
    expect(valueOf(opened).delegate.scope).toEqual(scope);
  });

  it('a claim by any other key is refused', async () => {
    const claim = await claimOf(first, [7]);
    expect(await openWith({ delegation: { establishments: [inception], claim } })).toBe(
      'bad-identity /claim/signatures',
    );
  });

  it('a claim that was altered is refused, whatever was verified before', async () => {
    const claim = await claimOf(first, [1]);
    expect(await openWith({ delegation: { establishments: [inception], claim } })).toBe('ok');
    const wider = { ...claim, scope: { ...claim.scope, expiresAt: until * 2 } };
    expect(await openWith({ delegation: { establishments: [inception], claim: wider } })).toBe(
      'bad-identity /claim/signatures',
    );
  });

  it('a claim that no log would take is refused: with a key of the identity, or without its own verb', async () => {
    const own = await claimOf(first, [1], { key: (await keyOf(1)).publicKey });
    expect(await openWith({ delegation: { establishments: [inception], claim: own } })).toBe(
      'bad-identity /claim/key',
    );
    const mute = await claimOf(first, [1], { scope: scopeUntil(until, ['push']) });
    expect(await openWith({ delegation: { establishments: [inception], claim: mute } })).toBe(
      'bad-identity /claim/scope/verbs',
    );
  });

  it('keys of which nothing is known prove nothing', async () => {
    const { claim } = certificate.delegation ?? { claim: await claimOf(first, [1]) };
    expect(await openWith({ delegation: { establishments: [], claim } })).toBe(
      'bad-identity /establishments',
    );
    const foreign = await inceptionOf(three, four);
    expect(await openWith({ delegation: { establishments: [foreign], claim } })).toBe('bad-certificate');
  });
});

describe('[DELEG-2] what was seen of an identity first holds', () => {
  it('another inception is another identity', async () => {
    const known = valueOf(await follow(undefined, [inception]));
    const other = await inceptionOf(three, four);
    const place = await after(other);
    const forged = {
      identity: place.previous,
      delegation: { establishments: [other], claim: await claimOf(place, [3]) },
    };
    expect(await openWith(forged)).toBe('ok');
    expect(await openWith(forged, known)).toBe('bad-identity /establishments');
  });

  it('another rotation in the place of a known one is refused', async () => {
    const rotation = await rotationOf(first, two, three);
    const known = valueOf(await follow(undefined, [inception, rotation]));
    const fork = await rotationOf({ ...first, n: 5 }, two, four);
    expect(faultOf(await follow(known, [inception, fork]))).toBe('bad-identity /establishment');
    expect(valueOf(await follow(known, [inception, rotation]))).toEqual(known);
  });

  it('a rotation to keys that were not committed to is refused', async () => {
    expect(faultOf(await follow(undefined, [inception, await rotationOf(first, three, four)]))).toBe(
      'bad-identity /keys',
    );
    expect(faultOf(await follow(undefined, [inception, await rotationOf(first, two, three, {}, [1])]))).toBe(
      'bad-identity /signatures',
    );
    const same = await rotationOf(first, two, two);
    expect(faultOf(await follow(undefined, [inception, same]))).toBe('bad-identity /keys');
    const beyond = await rotationOf(first, two, { keys: [3], threshold: 2 });
    expect(faultOf(await follow(undefined, [inception, beyond]))).toBe('bad-identity /keys');
  });

  it('a rotation that stands before what it follows is refused', async () => {
    const rotation = await rotationOf({ ...first, n: 7 }, two, three);
    const address = await identityAddressOf(rotation);
    const back = await rotationOf({ n: 7, previous: address, establishment: address }, three, four);
    expect(faultOf(await follow(undefined, [inception, rotation, back]))).toBe('bad-identity /n');
  });

  it('nothing is followed without an inception', async () => {
    expect(faultOf(await follow(undefined, []))).toBe('bad-identity');
    expect(faultOf(await follow(undefined, [await rotationOf(first, two, three)]))).toBe('bad-identity /op');
  });
});

describe('[DELEG-3] a rotation without downtime', () => {
  it('what was claimed before it holds until it expires, with the new keys known', async () => {
    const claim = await claimOf(first, [1]);
    const rotation = await rotationOf(await after(claim, identity), two, three);
    const known = valueOf(await follow(undefined, [inception, rotation]));
    expect(await openWith({ delegation: { establishments: [inception], claim } }, known)).toBe('ok');
    expect(await openWith({ delegation: { establishments: [], claim } }, known)).toBe('ok');
  });

  it('the new keys claim at once, followed through the rotation', async () => {
    const known = valueOf(await follow(undefined, [inception]));
    const rotation = await rotationOf(first, two, three);
    const claim = await claimOf(await after(rotation), [2]);
    const opened = await openDelegation(
      { ...certificate, delegation: { establishments: [inception, rotation], claim } },
      known,
    );
    expect(valueOf(opened).followed.establishments).toHaveLength(2);
    expect(await openWith({ delegation: { establishments: [rotation], claim } }, known)).toBe('ok');
    expect(await openWith({ delegation: { establishments: [], claim } }, known)).toBe(
      'bad-identity /claim/establishment',
    );
  });

  it('a key that was rotated away claims nothing after it', async () => {
    const rotation = await rotationOf(first, two, three);
    const stolen = await claimOf({ ...(await after(rotation)), establishment: identity }, [1]);
    expect(await openWith({ delegation: { establishments: [inception, rotation], claim: stolen } })).toBe(
      'bad-identity /claim/n',
    );
    const inItsPlace = await claimOf(first, [1]);
    expect(await openWith({ delegation: { establishments: [inception, rotation], claim: inItsPlace } })).toBe(
      'bad-identity /claim/n',
    );
    const early = await claimOf({ ...(await after(rotation)), n: 1 }, [2]);
    expect(await openWith({ delegation: { establishments: [inception, rotation], claim: early } })).toBe(
      'bad-identity /claim/n',
    );
    const byOld = await claimOf(await after(rotation), [1]);
    expect(await openWith({ delegation: { establishments: [inception, rotation], claim: byOld } })).toBe(
      'bad-identity /claim/signatures',
    );
  });
});

describe('[DELEG-4] a revocation', () => {
  it('ends all that an identity has claimed, at every receiver that has heard of it', async () => {
    const known = valueOf(await follow(undefined, [inception, await revocationOf(first, [1])]));
    expect(known.isRevoked).toBe(true);
    expect(await openWith({}, known)).toBe('identity-revoked /claim');
    const rotation = await rotationOf(first, two, three);
    expect(faultOf(await follow(known, [rotation]))).toBe('identity-revoked');
    expect(valueOf(await follow(known, [inception, await revocationOf(first, [1])]))).toEqual(known);
  });

  it('is signed by the keys in force', async () => {
    const rotation = await rotationOf(first, two, three);
    const known = valueOf(await follow(undefined, [inception, rotation]));
    const place = await after(rotation);
    expect(faultOf(await follow(known, [await revocationOf(place, [1])]))).toBe('bad-identity /signatures');
    const old = await revocationOf({ ...place, establishment: identity }, [1]);
    expect(faultOf(await follow(known, [old]))).toBe('bad-identity /establishment');
    expect(faultOf(await follow(known, [await revocationOf(place, [2])]))).toBe('ok');
  });
});
