import {
  epochMs,
  limits,
  type Certificate,
  type ICdPushEnvelop,
  type PatchStatement,
  type Problem,
  type RelayCertificate,
  type Result,
} from '@cd-push/protocol';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  digestOf,
  disagreementOf,
  encodeDelta,
  newSeed,
  openAcceptance,
  openCertificate,
  openContent,
  openJws,
  openRelayCertificate,
  openSession,
  openStatement,
  openStored,
  proofHolds,
  signAcceptance,
  signCertificate,
  signJws,
  signProof,
  signRelayCertificate,
  signStatement,
  toBase64url,
  utf8,
  type SigningKey,
  type TrustRoot,
} from '../src/index.ts';

const time = 1_763_600_000_000;
const pushGuid = '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11';
const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
const kindOf = (result: Result<unknown, Problem>): string => (result.ok ? 'ok' : result.problem.kind);

let issuer: SigningKey;
let sender: SigningKey;
let relay: SigningKey;
let root: TrustRoot;
let certificate: Certificate;
let certificateJws: string;
let relayCertificate: RelayCertificate;
let relayCertificateJws: string;
let statement: PatchStatement;

beforeAll(async () => {
  [issuer, sender, relay] = await Promise.all([newKey(), newKey(), newKey()]);
  root = { issuer: 'https://api.example', tenant: 'local', keys: [issuer.publicKey] };
  const { kept: made } = await createIdentity();
  const own = await openSession({ identity: made.identity, key: sender, seed: newSeed(), nonce: pushGuid });
  const { kept, claim } = await claimSession(made, {
    target: own.address,
    key: sender.publicKey,
    scope: {
      verbs: ['push'],
      grants: [{ prefix: '/shop', environments: ['development'] }],
      expiresAt: time + 1_000_000,
    },
  });
  certificate = {
    v: 1,
    iss: root.issuer,
    aud: 'cd-push:code',
    sub: 'user-1',
    tenant: 'local',
    session: own.address,
    identity: made.identity,
    delegation: { establishments: [...kept.establishments], claim },
    cnf: { jwk: sender.publicKey },
    verbs: ['push'],
    grants: [{ prefix: '/shop', environments: ['development'] }],
    notBefore: time - 1000,
    notAfter: time + 1_000_000,
  };
  certificateJws = await signCertificate(certificate, issuer);
  relayCertificate = {
    v: 1,
    iss: root.issuer,
    aud: 'cd-push:acceptance',
    sub: 'relay-1',
    tenant: '*',
    cnf: { jwk: relay.publicKey },
    notBefore: time - 1000,
    notAfter: time + 1_000_000,
  };
  relayCertificateJws = await signRelayCertificate(relayCertificate, issuer);
  statement = {
    kind: 'patch',
    v: 1,
    tenant: 'local',
    environment: 'development',
    targets: [{ select: { module: 'shop' } }],
    pushGuid,
    trigger: 'file-save',
    signer: 'user-1',
    certificate: await digestOf(certificateJws),
    issuedAt: time,
    deliverBy: time + 1_000_000,
    silent: false,
    patches: [
      {
        resource: '/shop/a.css',
        componentType: 'style',
        version: time,
        predecessor: null,
        change: 'put',
        digest: await digestOf('a{}'),
        bytes: 3,
      },
    ],
  };
});

describe('certificates', () => {
  it('the pinned issuer’s holds, anyone else’s does not', async () => {
    expect(kindOf(await openCertificate(certificateJws, root))).toBe('ok');
    expect(kindOf(await openCertificate(await signCertificate(certificate, sender), root))).toBe(
      'bad-certificate',
    );
  });

  it('during a rotation the new and the old issuer key hold', async () => {
    const next = await newKey();
    const rotating = { ...root, keys: [next.publicKey, issuer.publicKey] };
    expect(kindOf(await openCertificate(certificateJws, rotating))).toBe('ok');
    expect(kindOf(await openCertificate(await signCertificate(certificate, next), rotating))).toBe('ok');
  });

  it('another tenant’s or another issuer’s name is refused', async () => {
    expect(
      kindOf(await openCertificate(await signCertificate({ ...certificate, tenant: 'other' }, issuer), root)),
    ).toBe('bad-certificate');
    expect(
      kindOf(
        await openCertificate(
          await signCertificate({ ...certificate, iss: 'https://evil.example' }, issuer),
          root,
        ),
      ),
    ).toBe('bad-certificate');
  });

  it('one type never passes for another', async () => {
    expect(kindOf(await openCertificate(relayCertificateJws, root))).toBe('bad-certificate');
    expect(kindOf(await openRelayCertificate(certificateJws, root))).toBe('bad-certificate');
  });
});

describe('[SIGN-1] statements', () => {
  const open = async (changed: Partial<PatchStatement>, key = sender): Promise<string> =>
    kindOf(
      await openStatement(
        await signStatement({ ...statement, ...changed }, key),
        certificateJws,
        certificate,
      ),
    );

  it('hold when the certificate’s key signed them within its time and scope', async () => {
    const jws = await signStatement(statement, sender);
    const opened = await openStatement(jws, certificateJws, certificate);
    expect(opened).toEqual({ ok: true, value: { statement, digest: await digestOf(jws) } });
  });

  it('by another key are refused', async () => {
    expect(await open({}, relay)).toBe('bad-signature');
  });

  it('with one changed character are refused, wherever it stands', async () => {
    const jws = await signStatement(statement, sender);
    for (let index = 0; index < jws.length; index += 7) {
      const other = jws[index] === 'A' ? 'B' : 'A';
      const altered = jws.slice(0, index) + other + jws.slice(index + 1);
      expect(kindOf(await openStatement(altered, certificateJws, certificate)), `character ${index}`).toBe(
        'bad-signature',
      );
    }
  });

  it('that name another certificate, signer or tenant are refused', async () => {
    expect(await open({ certificate: await digestOf('other') })).toBe('bad-signature');
    expect(await open({ signer: 'user-2' })).toBe('bad-signature');
    expect(await open({ tenant: 'other' })).toBe('bad-signature');
  });

  it('[SIGN-3] issued outside the certificate’s time are refused', async () => {
    expect(await open({ issuedAt: certificate.notBefore - 1 })).toBe('bad-certificate');
    expect(await open({ issuedAt: certificate.notAfter + 1 })).toBe('bad-certificate');
  });

  it('for a resource or environment outside the grants are refused', async () => {
    const [patch] = statement.patches;
    if (patch === undefined) throw new Error('the statement has a patch');
    expect(await open({ environment: 'production' })).toBe('forbidden');
    expect(await open({ patches: [{ ...patch, resource: '/shopping/a.css' }] })).toBe('forbidden');
    expect(await open({ patches: [{ ...patch, resource: '/shop/../bank/a.css' }] })).toBe('invalid-envelope');
    const { resource, componentType, version, predecessor, bytes } = patch;
    const digest = await digestOf('a{}');
    const content = { resource, componentType, version, predecessor, digest, bytes };
    expect(await open({ patches: [{ ...content, change: 'rename', from: '/bank/a.css' }] })).toBe(
      'forbidden',
    );
  });
});

describe('the header of a signature', () => {
  const forge = async (header: object): Promise<string> => {
    const signed = `${toBase64url(utf8(JSON.stringify(header)))}.${toBase64url(utf8(JSON.stringify(statement)))}`;
    return `${signed}.${toBase64url(await sender.sign(utf8(signed)))}`;
  };

  it.each([
    ['alg none', { alg: 'none', typ: 'cd-push+jws' }],
    ['alg HS256', { alg: 'HS256', typ: 'cd-push+jws' }],
    ['another typ', { alg: 'EdDSA', typ: 'cd-push-cert+jws' }],
    ['no typ', { alg: 'EdDSA' }],
    ['crit', { alg: 'EdDSA', typ: 'cd-push+jws', crit: ['b64'], b64: false }],
    ['an own jwk', { alg: 'EdDSA', typ: 'cd-push+jws', jwk: {} }],
    ['a jku', { alg: 'EdDSA', typ: 'cd-push+jws', jku: 'https://evil.example' }],
    ['a kid that is a path', { alg: 'EdDSA', typ: 'cd-push+jws', kid: '../../dev/null' }],
  ])('with %s is refused though the signature holds', async (_name, header) => {
    expect(await openJws('cd-push+jws', await forge(header), [sender.publicKey])).toBeUndefined();
  });

  it('as it should be is accepted', async () => {
    expect(
      await openJws('cd-push+jws', await forge({ alg: 'EdDSA', typ: 'cd-push+jws' }), [sender.publicKey]),
    ).toEqual(statement);
  });

  it.each(['', '.', '..', 'a.b.c', 'a.b.c.d', `${'x'.repeat(10_000)}.y.z`])(
    'garbage is refused: %s',
    async (garbage) => {
      expect(await openJws('cd-push+jws', garbage, [sender.publicKey])).toBeUndefined();
    },
  );

  it('a payload that is not JSON is refused', async () => {
    const header = (await signJws('cd-push+jws', {}, sender)).split('.')[0] ?? '';
    const signed = `${header}.${toBase64url(Uint8Array.from([0xff, 0xfe]))}`;
    expect(
      await openJws('cd-push+jws', `${signed}.${toBase64url(await sender.sign(utf8(signed)))}`, [
        sender.publicKey,
      ]),
    ).toBeUndefined();
  });
});

describe('what is beside a statement', () => {
  const envelopeOf = (changed: Partial<ICdPushEnvelop['pushData']> = {}): ICdPushEnvelop['pushData'] => ({
    pushGuid,
    triggerEvent: 'file-save',
    emittEvent: 'apply-runtime-patch',
    pushRecepients: [
      { userId: 3, subTypeId: 1 },
      { userId: 0, subTypeId: 7, syncTarget: { module: 'shop' } },
    ],
    commTrack: {
      initTime: time,
      relayed: false,
      relayTime: null,
      pushed: false,
      pushTime: null,
      delivered: false,
      deliveryTime: null,
      completed: false,
      completedTime: null,
    },
    contents: [{ encoding: 'text', text: 'a{}' }],
    ...changed,
  });

  it('agrees with it, the sender’s entry aside', () => {
    expect(disagreementOf(envelopeOf(), statement)).toBeUndefined();
  });

  it.each<[string, Partial<ICdPushEnvelop['pushData']>, string]>([
    ['another guid', { pushGuid: '00000000-0000-4000-8000-000000000000' }, '/pushData/pushGuid'],
    ['another trigger', { triggerEvent: 'cli' }, '/pushData/triggerEvent'],
    ['made silent', { isSilentSync: true }, '/pushData/isSilentSync'],
    [
      'a recipient more',
      {
        pushRecepients: [
          { userId: 0, subTypeId: 7, syncTarget: { module: 'shop' } },
          { userId: 9, subTypeId: 7 },
        ],
      },
      '/pushData/pushRecepients',
    ],
    ['a recipient less', { pushRecepients: [] }, '/pushData/pushRecepients'],
    ['a content less', { contents: [] }, '/pushData/contents'],
  ])('is refused with %s', (_name, changed, path) => {
    expect(disagreementOf(envelopeOf(changed), statement)).toMatchObject({ kind: 'bad-signature', path });
  });

  it('[SIGN-2] is content in any form whose outcome has the signed digest', async () => {
    const [head] = statement.patches;
    if (head === undefined) throw new Error('the statement has a patch');
    const { resource, componentType, version, predecessor } = head;
    const gone = { change: 'delete', digest: null, bytes: 0 } as const;
    const deletion = { resource, componentType, version, predecessor, ...gone };
    expect(await openContent(head, { encoding: 'text', text: 'a{}' }, undefined)).toMatchObject({
      ok: true,
      value: { text: 'a{}' },
    });
    expect(kindOf(await openContent(head, { encoding: 'base64', base64: btoa('a{}') }, undefined))).toBe(
      'ok',
    );
    expect(kindOf(await openContent(head, { encoding: 'text', text: 'b{}' }, undefined))).toBe(
      'bad-signature',
    );
    expect(kindOf(await openContent(head, { encoding: 'text', text: 'a{} ' }, undefined))).toBe(
      'bad-signature',
    );
    expect(kindOf(await openContent(head, { encoding: 'none' }, undefined))).toBe('bad-signature');
    expect(kindOf(await openContent(head, { encoding: 'text', text: 'a{}', map: '{}' }, undefined))).toBe(
      'bad-signature',
    );
    expect(kindOf(await openContent(deletion, { encoding: 'none' }, undefined))).toBe('ok');
    expect(kindOf(await openContent(deletion, { encoding: 'text', text: '' }, undefined))).toBe(
      'bad-signature',
    );
  });

  it('[SIGN-2] is a delta that makes content and source map of those in place, with the signed digests', async () => {
    const [patch] = statement.patches;
    if (patch?.change !== 'put') throw new Error('the statement puts a file');
    const held = { content: '.cart { color: red }', map: '{"mappings":"AAAA"}' };
    const made = { content: '.cart { color: tan }', map: '{"mappings":"AACA"}' };
    const deltaOf = async (from: string, to: string): Promise<string> =>
      Buffer.from((await encodeDelta(from, to, { atMost: 1_000 })) ?? []).toString('base64');
    const head = {
      ...patch,
      digest: await digestOf(made.content),
      bytes: made.content.length,
      mapDigest: await digestOf(made.map),
    };
    const { mapDigest: _none, ...withoutMap } = head;
    const map = {
      base: await digestOf(held.map),
      delta: await deltaOf(held.map, made.map),
      bytes: made.map.length,
    };
    const content = {
      encoding: 'delta' as const,
      base: await digestOf(held.content),
      delta: await deltaOf(held.content, made.content),
    };
    const outcomeOf = async (...of: Parameters<typeof openContent>): Promise<string> =>
      kindOf(await openContent(...of));

    expect(await openContent(head, { ...content, map }, held)).toEqual({
      ok: true,
      value: { kind: 'text', text: made.content, map: made.map },
    });
    expect(await outcomeOf(withoutMap, content, { ...held, map: undefined })).toBe('ok');
    const misfits: readonly Parameters<typeof openContent>[] = [
      [head, content, held],
      [withoutMap, { ...content, map }, held],
      [head, { ...content, map }, undefined],
      [head, { ...content, map }, { ...held, map: undefined }],
      [head, { ...content, map }, { ...held, content: '.CART { color: red }' }],
      [head, { ...content, map: { ...map, bytes: 3 } }, held],
      [head, { ...content, map, delta: '' }, held],
      [head, { ...content, map, delta: '====' }, held],
      [{ ...head, bytes: head.bytes + 1 }, { ...content, map }, held],
      [{ ...head, digest: await digestOf(held.content) }, { ...content, map }, held],
    ];
    for (const misfit of misfits) expect(await outcomeOf(...misfit)).toBe('bad-signature');
  });

  it('[DELTA-3] is no delta that makes more than an envelope may hold, which is known before it is made', async () => {
    const [patch] = statement.patches;
    if (patch?.change !== 'put') throw new Error('the statement puts a file');
    const content = { encoding: 'delta' as const, base: await digestOf('a'), delta: 'AAAA' };
    const held = { content: 'a', map: 'b' };
    const most = limits.envelopeBytes;
    const map = { base: await digestOf('b'), delta: 'AAAA', bytes: most };
    expect(kindOf(await openContent({ ...patch, bytes: most + 1 }, content, held))).toBe('too-large');
    expect(kindOf(await openContent({ ...patch, bytes: 1 }, { ...content, map }, held))).toBe('too-large');
  });

  it('[CONTENT-5] is stored content that has the signed size and digest, its source map included', async () => {
    const [patch] = statement.patches;
    if (patch?.change !== 'put') throw new Error('the statement puts a file');
    const text = utf8('\uFEFFé');
    const map = utf8('{}');
    const head = {
      ...patch,
      digest: await digestOf(text),
      bytes: text.length,
      mapDigest: await digestOf(map),
    };
    const opened = await openStored(head, { content: text, map });
    expect(opened).toEqual({ ok: true, value: { kind: 'text', text: '\uFEFFé', map: '{}' } });
    expect(kindOf(await openStored(head, { content: utf8('é'), map }))).toBe('bad-signature');
    expect(kindOf(await openStored({ ...head, bytes: 4 }, { content: text, map }))).toBe('bad-signature');
    expect(kindOf(await openStored(head, { content: text, map: utf8('[]') }))).toBe('bad-signature');
    expect(kindOf(await openContent(head, { encoding: 'stored' }, undefined))).toBe('bad-signature');
  });

  it('[CONTENT-5] is bytes where it is an asset, and well-formed text everywhere else', async () => {
    const [patch] = statement.patches;
    if (patch?.change !== 'put') throw new Error('the statement puts a file');
    const content = Uint8Array.of(0x89, 0x50, 0xff);
    const head = { ...patch, digest: await digestOf(content), bytes: content.length };
    const asset = { ...head, componentType: 'asset' as const };
    const opened = await openStored(asset, { content, map: undefined });
    expect(opened).toEqual({ ok: true, value: { kind: 'bytes', bytes: content } });
    expect(kindOf(await openStored(head, { content, map: undefined }))).toBe('bad-signature');
  });
});

describe('[SIGN-3] acceptances', () => {
  const accept = async (acceptedAt: number, over?: string): Promise<string> => {
    const jws = await signStatement(statement, sender);
    const opened = { statement, digest: await digestOf(jws) };
    const acceptance = await signAcceptance(
      {
        v: 1,
        pushGuid,
        statement: await digestOf(over ?? jws),
        acceptedAt: epochMs(acceptedAt),
        relay: await digestOf(relayCertificateJws),
      },
      relay,
    );
    return kindOf(await openAcceptance(acceptance, relayCertificateJws, relayCertificate, opened));
  };

  it('hold for this statement within a minute of its issue', async () => {
    expect(await accept(time + 60_000)).toBe('ok');
    expect(await accept(time - 900)).toBe('ok');
  });

  it('of a stale statement, of another one, or outside the relay’s time are refused', async () => {
    expect(await accept(time + 60_001)).toBe('bad-signature');
    expect(await accept(time, 'another statement')).toBe('bad-signature');
    expect(await accept(relayCertificate.notAfter + 1)).toBe('bad-signature');
  });

  it('by a key that the issuer did not certify are refused', async () => {
    expect(
      kindOf(await openRelayCertificate(await signRelayCertificate(relayCertificate, sender), root)),
    ).toBe('bad-certificate');
  });
});

describe('proofs of a key', () => {
  it('hold for one nonce, one issuer and one subject', async () => {
    const expected = { nonce: 'n', issuer: root.issuer, subject: 'karl' };
    const proof = await signProof(expected, sender);
    expect(await proofHolds(proof, sender.publicKey, expected)).toBe(true);
    for (const other of [{ nonce: 'm' }, { issuer: 'x' }, { subject: 'eve' }]) {
      expect(await proofHolds(proof, sender.publicKey, { ...expected, ...other })).toBe(false);
    }
    expect(await proofHolds(proof, relay.publicKey, expected)).toBe(false);
  });
});
