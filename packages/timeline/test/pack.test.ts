import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

import { freshCommTrack, limits, type ICdPushEnvelop } from '@cd-push/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  cryptoPlatform,
  packPushData,
  packShape,
  signJws,
  toBase64url,
  unpackEnvelope,
  utf8,
  type SigningKey,
} from '../src/index.ts';

const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

const jws = async (payload: object): Promise<string> => signJws('cd-push+jws', payload, await newKey());

const envelopeOf = async (): Promise<ICdPushEnvelop> => ({
  pushData: {
    pushGuid: '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11',
    m: '',
    pushRecepients: [{ userId: 1, subTypeId: 7 }],
    triggerEvent: 'file-save',
    emittEvent: 'apply-runtime-patch',
    commTrack: freshCommTrack(1),
    statement: await jws({ pushed: 'é🙂\u2028\uFEFF' }),
    certificate: await jws({ of: 'the sender' }),
    acceptance: await jws({ by: 'the relay' }),
    relayCertificate: await jws({ of: 'the relay' }),
    contents: [{ encoding: 'text', text: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA' }],
    skipped: [
      { statement: await jws({ version: 1 }), certificate: await jws({ of: 'another sender' }) },
      { statement: await jws({ version: 2 }), certificate: await jws({ of: 'the sender' }) },
    ],
    offset: 7,
    attempt: 2,
  },
  req: null,
  resp: null,
});

const deflated = (text: string | Uint8Array): Uint8Array =>
  deflateRawSync(text, { dictionary: Buffer.from(packShape) });

/** A copy as it is sent: what is its own, and the rest packed. */
const packedFrom = ({ pushData, ...frame }: ICdPushEnvelop) => {
  const { offset, attempt, commTrack, ...others } = pushData;
  const { relayTime, pushTime } = commTrack;
  const own = { ...frame, pushData: { offset, attempt, commTrack: { relayTime, pushTime } } };
  const packed = packPushData({ ...others, commTrack: { ...commTrack, relayTime: 1, pushTime: 2 } });
  return { own, pack: deflated(packed) };
};

describe('[PACK-1] a packed envelope', () => {
  it('is the very same once it is unpacked, every signature included', async () => {
    const envelope = await envelopeOf();
    const { own, pack } = packedFrom(envelope);
    const { m: _, ...said } = envelope.pushData;
    expect(await unpackEnvelope(own, pack)).toEqual({ ...envelope, pushData: said });
  });

  it('says what is said twice once: a certificate again, and what reads the same where it is absent', async () => {
    const envelope = await envelopeOf();
    const [one, another] = envelope.pushData.skipped!;
    const { certificate = '' } = envelope.pushData;
    const skipped = [
      { statement: one!.statement, certificate },
      { statement: another!.statement, certificate: one!.certificate },
      { statement: one!.statement, certificate: one!.certificate },
    ];
    const pushData = { ...envelope.pushData, skipped, isNotification: false, isSilentSync: true };
    const text = packPushData(pushData);
    expect(text).not.toContain('isNotification');
    expect(text.split('"certificate":[').length - 1).toBe(2);
    const { own, pack } = packedFrom({ ...envelope, pushData });
    const { isNotification: _, m: __, ...said } = pushData;
    expect(await unpackEnvelope(own, pack)).toEqual({ ...envelope, pushData: said });
  });

  it('opens its proofs, so that what is alike in them is deflated', async () => {
    const { pushData } = await envelopeOf();
    const text = packPushData(pushData);
    expect(text).toContain(JSON.stringify(JSON.stringify({ of: 'the relay' })).slice(1, -1));
    expect(text).not.toContain(toBase64url(utf8(JSON.stringify({ of: 'the relay' }))));
  });

  it('leaves as it is what would not come out the same', async () => {
    const envelope = await envelopeOf();
    const odd = [
      '..',
      'a',
      'e30.e30',
      '=.=.=',
      `${toBase64url(Uint8Array.of(0xff))}.e30.AA`,
      'e30.e30.AA.AA',
    ];
    for (const statement of odd) {
      const changed = { ...envelope, pushData: { ...envelope.pushData, statement } };
      const { own, pack } = packedFrom(changed);
      expect(await unpackEnvelope(own, pack)).toMatchObject({ pushData: { statement } });
    }
  });

  it('is overruled by what is the copy’s own', async () => {
    const { own, pack } = packedFrom(await envelopeOf());
    const other = { ...own, pushData: { ...own.pushData, pushGuid: 'another' } };
    expect(await unpackEnvelope(other, pack)).toMatchObject({ pushData: { pushGuid: 'another' } });
  });
});

describe('[PACK-2] what is no pack', () => {
  const own = { pushData: {}, req: null, resp: null };
  it.each([
    ['no bytes', new Uint8Array()],
    ['no DEFLATE', utf8('{"pushData":{}}')],
    ['DEFLATE that ends too soon', deflated('{"m":"aaaaaaaaaaaaaaaaaaaaaaaa"}').subarray(0, -3)],
    ['something behind it', Uint8Array.from([...deflated('{}'), 0])],
    ['no UTF-8', deflated(Uint8Array.of(0x22, 0xff, 0x22))],
    ['no JSON', deflated('{')],
    ['no object', deflated('[]')],
    ['nothing', deflated('null')],
  ])('%s is nothing', async (_, pack) => {
    expect(await unpackEnvelope(own, pack)).toBeUndefined();
  });

  it.each([[null], ['own'], [[]], [{}], [{ pushData: null }], [{ pushData: [] }]])(
    'without anything of its own, but %j, it is nothing',
    async (nothing) => {
      expect(await unpackEnvelope(nothing, deflated('{}'))).toBeUndefined();
    },
  );

  it('is let go of as soon as it is more than an envelope may hold', async () => {
    const bomb = deflated(`{"m":"${'0'.repeat(limits.envelopeBytes * 8)}"}`);
    expect(bomb.length).toBeLessThan(limits.envelopeBytes / 100);
    expect(await unpackEnvelope(own, bomb)).toBeUndefined();
    const fits = deflated(`{"m":"${'0'.repeat(limits.envelopeBytes - 8)}"}`);
    expect(await unpackEnvelope(own, fits)).toMatchObject({ pushData: { m: expect.any(String) } });
  });

  it('[PACK-4] has the shape that both sides have to have, byte for byte', () => {
    const file = new URL('../../protocol/fixtures/pack-shape.json', import.meta.url);
    expect(packShape).toBe(readFileSync(file, 'utf8').trim());
  });

  it('never throws, whatever bytes it is', async () => {
    const { pack } = packedFrom(await envelopeOf());
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 64 }), async (at, byte, noise) => {
        const turned = Uint8Array.from(pack);
        turned[at % turned.length] = byte;
        for (const bytes of [turned, noise]) {
          const unpacked = await unpackEnvelope(own, bytes);
          expect(unpacked === undefined || typeof unpacked === 'object').toBe(true);
        }
      }),
      { seed: 20_261_121, numRuns: 200 },
    );
  });
});
