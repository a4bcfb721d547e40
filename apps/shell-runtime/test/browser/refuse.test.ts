import { randomUUID } from 'node:crypto';

import type { ICdPushEnvelop } from '@cd-push/protocol';
import { cryptoPlatform } from '@cd-push/timeline';
import { beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type PushOptions } from '../signer.ts';
import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();
const served = 'body { color: rgb(1, 1, 1); }';
const pushed = 'body { color: rgb(2, 2, 2); }';
const day = 86_400_000;

beforeEach(async () => {
  const { world } = suite;
  world.html = '<!doctype html><head><link rel="stylesheet" href="/a.css"></head><body></body>';
  world.deploy({ 'main.ts': '', 'a.css': served });
  await world.open();
});

const color = (): Promise<string> => suite.world.page.evaluate(() => getComputedStyle(document.body).color);

/** Refused with this kind, before it was reported as delivered, with nothing applied; and the next good push passes. */
const expectRefused = async (envelope: ICdPushEnvelop, kind: string): Promise<void> => {
  const { world } = suite;
  const before = await color();
  const { reports } = await world.send(envelope);
  expect(reports).toMatchObject([{ stage: 'failed', problem: { kind } }]);
  expect(await color()).toBe(before);
  expect(stages(await world.push({ 'a.css': 'body { color: rgb(7, 7, 7); }' }))).toEqual(['completed']);
  expect(await color()).toBe('rgb(7, 7, 7)');
};

const alterPayload = (jws: string, alter: (payload: Record<string, unknown>) => void): string => {
  const [header, payload = '', signature] = jws.split('.');
  const value = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  alter(value);
  return [header, Buffer.from(JSON.stringify(value)).toString('base64url'), signature].join('.');
};

const push = (options: PushOptions): Promise<ICdPushEnvelop> =>
  suite.world.envelope({ 'a.css': pushed }, options);

describe('a push that is refused leaves everything as it was', () => {
  test('a statement that was altered after it was signed', async () => {
    const envelope = await push({
      tamper: ({ pushData }) => {
        pushData.statement = alterPayload(pushData.statement ?? '', (payload) => {
          payload.silent = true;
        });
        pushData.isSilentSync = true;
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('a statement that another key signed', async () => {
    const stranger = await Signer.create();
    const theirs = await stranger.patch(suite.world.changes({ 'a.css': pushed }));
    const envelope = await push({
      tamper: ({ pushData }) => {
        pushData.statement = theirs.pushData.statement ?? '';
        pushData.pushGuid = theirs.pushData.pushGuid;
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('a push that has all its proof from an issuer that is not the pinned one', async () => {
    const stranger = await Signer.create();
    await expectRefused(await stranger.patch(suite.world.changes({ 'a.css': pushed })), 'bad-certificate');
  });

  test.each([
    ['none', '{"alg":"none","typ":"cd-push+jws"}'],
    ['another algorithm', '{"alg":"HS256","typ":"cd-push+jws"}'],
    ['a key of its own', '{"alg":"EdDSA","typ":"cd-push+jws","jwk":{}}'],
    ['another type', '{"alg":"EdDSA","typ":"cd-push-cert+jws"}'],
  ])('a signature whose header names %s', async (_name, header) => {
    const envelope = await push({
      tamper: ({ pushData }) => {
        const [, ...rest] = (pushData.statement ?? '').split('.');
        pushData.statement = [Buffer.from(header).toString('base64url'), ...rest].join('.');
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('a certificate of another tenant', async () => {
    await expectRefused(
      await push({ certificate: { tenant: 'other' }, statement: { tenant: 'other' } }),
      'bad-certificate',
    );
  });

  test('a statement of another tenant than its certificate', async () => {
    await expectRefused(await push({ statement: { tenant: 'other' } }), 'bad-signature');
  });

  test('a certificate that had expired when the statement was issued', async () => {
    await expectRefused(
      await push({ certificate: { notBefore: Date.now() - 2 * day, notAfter: Date.now() - day } }),
      'bad-certificate',
    );
  });

  test('a certificate whose grants do not reach the resource', async () => {
    await expectRefused(
      await push({ certificate: { grants: [{ prefix: '/application', environments: ['*'] }] } }),
      'forbidden',
    );
  });

  test('a certificate whose grants do not reach the environment', async () => {
    await expectRefused(
      await push({ certificate: { grants: [{ prefix: '/app', environments: ['staging'] }] } }),
      'forbidden',
    );
  });

  test('a certificate that the issuer did not sign', async () => {
    const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
    await expectRefused(await push({ certificateKey: key }), 'bad-certificate');
  });

  test('a push for another environment', async () => {
    const certificate = { grants: [{ prefix: '/app', environments: ['*'] }] };
    await expectRefused(await push({ certificate, statement: { environment: 'production' } }), 'forbidden');
  });

  test('a push whose targets are not this runtime', async () => {
    await expectRefused(await push({ statement: { targets: [{ guid: 'runtime-2' }] } }), 'forbidden');
  });

  test('recipients outside that are not those that are signed', async () => {
    const envelope = await push({
      statement: { targets: [{ guid: 'runtime-2' }] },
      tamper: ({ pushData }) => {
        pushData.pushRecepients = [{ userId: 0, subTypeId: 7, cdObjId: { resourceGuid: 'runtime-1' } }];
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('an acceptance of a relay that is not certified for this tenant', async () => {
    await expectRefused(await push({ relayCertificate: { tenant: 'other' } }), 'bad-certificate');
  });

  test('an acceptance at a time at which the statement was not fresh', async () => {
    await expectRefused(await push({ acceptedAt: Date.now() + 10 * 60_000 }), 'bad-signature');
  });

  test('an acceptance of another push', async () => {
    const other = await push({});
    const envelope = await push({
      tamper: ({ pushData }) => {
        pushData.acceptance = other.pushData.acceptance ?? '';
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('a content that is not the signed one', async () => {
    const envelope = await push({
      tamper: ({ pushData }) => {
        pushData.contents = [{ encoding: 'text', text: pushed.replace('2, 2, 2', '8, 8, 8') }];
      },
    });
    await expectRefused(envelope, 'bad-signature');
  });

  test('a source map that is not the signed one', async () => {
    const envelope = await suite.world.envelope(
      { 'main.ts': 'export {};' },
      {
        tamper: ({ pushData }) => {
          const [content] = pushData.contents ?? [];
          if (content?.encoding === 'text')
            content.map = '{"version":3,"sources":["x"],"names":[],"mappings":""}';
        },
      },
    );
    await expectRefused(envelope, 'bad-signature');
  });

  test('a version that is not higher than the one in place', async () => {
    const { world } = suite;
    const [change] = world.changes({ 'a.css': pushed });
    await world.send(await suite.signer.patch([change!]));
    await expectRefused(
      await suite.signer.patch([{ ...change!, content: 'body { color: rgb(8, 8, 8); }' }]),
      'stale-version',
    );
    await expectRefused(
      await suite.signer.patch([{ ...change!, version: change!.version - 1 }]),
      'stale-version',
    );
  });

  test('a version that runs ahead of the clock by which it was signed', async () => {
    const [change] = suite.world.changes({ 'a.css': pushed });
    await expectRefused(
      await suite.signer.patch([{ ...change!, version: Date.now() + day }]),
      'bad-signature',
    );
  });

  test('a version whose predecessor is not in place', async () => {
    const { world } = suite;
    await world.push({ 'a.css': pushed });
    const [change] = world.changes({ 'a.css': 'body { color: rgb(8, 8, 8); }' });
    const broken = await suite.signer.patch([{ ...change!, predecessor: sha256('nowhere') }]);
    expect((await world.send(broken)).reports).toMatchObject([
      { stage: 'failed', problem: { kind: 'broken-chain', current: { digest: sha256(pushed) } } },
    ]);
    expect(await color()).toBe('rgb(2, 2, 2)');
    const following = await suite.signer.patch([{ ...change!, predecessor: sha256(pushed) }]);
    expect(stages(await world.send(following))).toEqual(['completed']);
  });

  test('a push of a session that is revoked when the page connects', async () => {
    const { world, signer } = suite;
    world.revokedSessions = [signer.session];
    await world.reload();
    const { reports } = await world.push({ 'a.css': pushed });
    expect(reports).toMatchObject([{ stage: 'failed', problem: { kind: 'session-revoked' } }]);
    expect(await color()).toBe('rgb(1, 1, 1)');
  });

  test('a push of a session that is revoked while the page runs', async () => {
    const { world, signer } = suite;
    expect(stages(await world.push({ 'a.css': pushed }))).toEqual(['completed']);
    await world.page.evaluate((session) => globalThis.cd.revoke(session), signer.session);
    const { reports } = await world.push({ 'a.css': served });
    expect(reports).toMatchObject([{ stage: 'failed', problem: { kind: 'session-revoked' } }]);
    // What runs, runs on; at the next start it is not loaded, nor is it taken from the relay again.
    expect(await color()).toBe('rgb(2, 2, 2)');
    await world.reload();
    expect(await color()).toBe('rgb(1, 1, 1)');
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['text', '{"pushData":{}}'],
    ['an envelope without a proof', { pushData: { pushGuid: randomUUID() }, req: null, resp: null }],
    ['a key that reaches the prototype', JSON.parse(`{"pushData":{"__proto__":{"x":1}}}`)],
  ])('%s', async (_name, envelope) => {
    await suite.world.page.evaluate(
      (given) => globalThis.cd.pushAndForget(given as ICdPushEnvelop),
      envelope,
    );
    expect(stages(await suite.world.push({ 'a.css': pushed }))).toEqual(['completed']);
  });
});

describe('versions that were skipped', () => {
  test('are explained by their signed statements, whose contents stay away', async () => {
    const { world, signer } = suite;
    await world.push({ 'a.css': 'body { color: rgb(3, 3, 3); }' });
    const first = await world.envelope({ 'a.css': 'body { color: rgb(4, 4, 4); }' });
    const second = await world.envelope({ 'a.css': 'body { color: rgb(5, 5, 5); }' });
    const third = world.changes({ 'a.css': 'body { color: rgb(6, 6, 6); }' });
    // With a gap in it the chain explains nothing.
    const gap = await signer.patch(third, { skipped: [signer.skippedOf(second)] });
    expect((await world.send(gap)).reports).toMatchObject([
      { stage: 'failed', problem: { kind: 'broken-chain' } },
    ]);
    const forged = await (await Signer.create()).patch(world.changes({ 'a.css': 'x' }));
    const whole = await signer.patch(third, {
      skipped: [signer.skippedOf(first), signer.skippedOf(forged), signer.skippedOf(second)],
    });
    expect(stages(await world.send(whole))).toEqual(['completed']);
    expect(await color()).toBe('rgb(6, 6, 6)');
  });

  test('a push of two files of which one was overtaken still brings the other', async () => {
    const { world, signer } = suite;
    const both = world.changes({ 'a.css': pushed, 'config.json': '{"n":1}' });
    const newer = await world.envelope(
      { 'a.css': 'body { color: rgb(9, 9, 9); }' },
      { skipped: [signer.skippedOf(await signer.patch(both))] },
    );
    expect(stages(await world.send(newer))).toEqual(['completed']);
    expect(stages(await world.send(await signer.patch(both)))).toEqual(['delivered', 'completed']);
    expect(await color()).toBe('rgb(9, 9, 9)');
    expect(await world.page.evaluate(() => globalThis.cd.runtime?.config('/app/config.json').get())).toEqual({
      n: 1,
    });
  });
});

describe('the same push again', () => {
  test('the same attempt is answered as before, without effect', async () => {
    const { world } = suite;
    const envelope = await world.envelope({ 'a.css': pushed });
    await world.send(envelope);
    await world.page.evaluate(() => document.querySelector('style')?.setAttribute('data-seen', ''));
    expect(stages(await world.send(envelope))).toEqual(['completed']);
    expect(await world.page.evaluate(() => document.querySelector('style')?.hasAttribute('data-seen'))).toBe(
      true,
    );
  });

  test('a further attempt of what was applied is completed without effect, also after a reload', async () => {
    const { world, signer } = suite;
    const changes = world.changes({ 'a.css': pushed });
    const pushGuid = randomUUID();
    await world.send(await signer.patch(changes, { pushGuid }));
    expect(stages(await world.send(await signer.patch(changes, { pushGuid, attempt: 2 })))).toEqual([
      'completed',
    ]);
    await world.reload();
    expect(stages(await world.send(await signer.patch(changes, { pushGuid, attempt: 3 })))).toEqual([
      'completed',
    ]);
  });

  test('a further attempt of what failed is applied again', async () => {
    const { world, signer } = suite;
    const changes = world.changes({ 'config.json': '{"n":2}' });
    await world.page.evaluate(() => {
      const config = globalThis.cd.runtime?.config('/app/config.json');
      const end = config?.subscribe(() => {
        end?.();
        throw new Error('not yet');
      });
    });
    const pushGuid = randomUUID();
    expect(stages(await world.send(await signer.patch(changes, { pushGuid })))).toEqual([
      'delivered',
      'failed',
    ]);
    expect(stages(await world.send(await signer.patch(changes, { pushGuid, attempt: 2 })))).toEqual([
      'delivered',
      'completed',
    ]);
    expect(await world.page.evaluate(() => globalThis.cd.runtime?.config('/app/config.json').get())).toEqual({
      n: 2,
    });
  });
});
