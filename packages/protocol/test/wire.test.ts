import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  builtInTriggers,
  closeCodes,
  covers,
  grantsCover,
  grantsRule,
  grantsTouch,
  guardJson,
  limits,
  matchesTarget,
  parseEnvelope,
  parseResource,
  problemKinds,
  problemOf,
  protocolVersion,
  readCommTrack,
  redact,
  reservedEvents,
  targetKey,
  wireText,
  type Addressee,
  type ICdResponse,
} from '../src/index.ts';

const valid = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/valid/${file}.json`, import.meta.url), 'utf8'));

describe('the wire', () => {
  it('[WIRE-4] does not change without a decision on its version', () => {
    const digest = createHash('sha256').update(wireText()).digest('hex').slice(0, 16);
    // A new digest here goes with a line in src/version.ts that says what changed, and with a new version unless peers
    // of the old one understand everything that peers of the new one send.
    expect({ version: protocolVersion, digest }).toMatchInlineSnapshot(`
      {
        "digest": "65ab4ff36a4edd36",
        "version": 1,
      }
    `);
  });

  it('[WIRE-5] validators need no code evaluation', () => {
    const source = readFileSync(new URL('../src/generated/validators.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/\beval\b|new Function|\bFunction\(/);
  });

  it('[WIRE-6] 10,001 recipients are too many, and 10,000 are not', () => {
    const envelopeTo = (count: number): unknown => {
      const sample = structuredClone(valid('patch-to-user')) as { pushData: { pushRecepients: unknown[] } };
      sample.pushData.pushRecepients = Array.from({ length: count }, (_, index) => ({
        userId: index + 1,
        subTypeId: 7,
      }));
      return sample;
    };
    expect(parseEnvelope(envelopeTo(10_000)).ok).toBe(true);
    const refused = parseEnvelope(envelopeTo(10_001));
    expect(refused).toMatchObject({
      ok: false,
      problem: { kind: 'too-many-recipients', path: '/pushData/pushRecepients' },
    });
  });

  it('[WIRE-7] an old client’s track is read whole: absent flags are false, absent times null, string times numbers', () => {
    expect(
      readCommTrack({
        initTime: '1763600000000',
        relayed: true,
        deliverd: true,
        deliveryTime: '2025-11-20T01:00:00.000Z',
      }),
    ).toEqual({
      initTime: 1763600000000,
      relayed: true,
      relayTime: null,
      pushed: false,
      pushTime: null,
      delivered: true,
      deliveryTime: 1763600400000,
      completed: false,
      completedTime: null,
    });
  });

  it('[WIRE-8] every problem kind has a status, a sentence and says whether a retry makes sense', () => {
    for (const kind of Object.keys(problemKinds) as (keyof typeof problemKinds)[]) {
      expect(problemOf(kind)).toMatchObject({
        kind,
        status: expect.any(Number),
        retryable: expect.any(Boolean),
        title: expect.stringMatching(/\.$/),
      });
    }
  });

  it('[WIRE-9] close codes are distinct and in the range kept for applications', () => {
    const codes = Object.values(closeCodes).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toSatisfy((value: number) => value >= 4000 && value <= 4999);
  });

  it('[WIRE-10] no built-in trigger uses or emits a reserved name', () => {
    for (const { trigger, emits } of builtInTriggers)
      expect([reservedEvents.has(trigger), reservedEvents.has(emits)]).toEqual([false, false]);
  });
});

describe('what no message may hold', () => {
  it('[GUARD-1] keys that reach a prototype, anywhere', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const value = JSON.parse(`{"a":[{"b":{"${key}":1}}]}`) as unknown;
      expect(guardJson(value)).toMatchObject({ kind: 'invalid-envelope', path: `/a/0/b/${key}` });
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('[GUARD-2] nesting deeper than the limit', () => {
    const nested = (depth: number): unknown => (depth === 0 ? {} : { a: nested(depth - 1) });
    expect(guardJson(nested(limits.depth - 1))).toBeUndefined();
    expect(guardJson(nested(limits.depth))?.kind).toBe('invalid-envelope');
  });

  it('[GUARD-3] binary data', () => {
    expect(guardJson({ m: new Uint8Array(3) })?.path).toBe('/m');
  });
});

describe('secrets', () => {
  it('[SECRET-1] leave a response, and its initUuid stays', () => {
    const parsed = parseEnvelope(valid('document-session-context'));
    if (!parsed.ok || parsed.value.resp === null || parsed.value.req === null)
      throw new Error('the sample should parse with req and resp');
    const resp: ICdResponse = redact(parsed.value.resp);
    expect(JSON.stringify(resp)).not.toMatch(/a-session-token|header\.payload\.signature/);
    expect(resp.app_state.sess).toMatchObject({
      initUuid: 'f3a0b3a2-0000-4000-8000-000000000001',
      userId: 1010,
      jwt: null,
    });
    expect(JSON.stringify(redact(parsed.value.req))).not.toContain('token');
  });

  it('[SECRET-2] leave free texts and nested data of a request', () => {
    const jwt = `eyJhbGciOiJFZERTQSJ9.${'A'.repeat(20)}.${'B'.repeat(40)}`;
    const kept = redact({
      meta: { operation: 'UPDATE', note: `call with Bearer abcdefghijkl and ${jwt}` },
      data: {
        password: 'p1',
        nested: [{ apiKey: 'p2', refreshToken: 'p3', client_secret: 'p4', 'set-cookie': 'p5', keep: 'this' }],
      },
    });
    const text = JSON.stringify(kept);
    expect(text).not.toMatch(/p1|p2|p3|p4|p5|abcdefghijkl|BBBB/);
    expect(text).toContain('this');
    expect(text).toContain('UPDATE');
  });
});

describe('[SECRET-3] however hostile a text, each of its characters is looked at once', () => {
  const size = 4_000_000;
  it.each(['-eyJaaaaa', 'eyJaaaaa.', 'bearer ', ' ', 'a', 'eyJ'])('%j, over and over', (piece) => {
    const text = piece.repeat(size / piece.length);
    // A walk that went back would take hours or run out of stack; the test's bound ends it.
    expect(JSON.stringify(redact({ meta: { text } })).length).toBeGreaterThan(0);
  });

  it('a token is found at either end, after a scheme, behind a name and within quotes', () => {
    const jwt = `eyJhbGciOiJFZERTQSJ9.${'A'.repeat(20)}.${'B'.repeat(40)}`;
    for (const text of [
      jwt,
      `x ${jwt}`,
      `${jwt} x`,
      `token=${jwt}`,
      `"${jwt}"`,
      `Bearer ${'c'.repeat(30)}`,
      'basic YWxhZGRpbjpvcGVu',
    ]) {
      expect(JSON.stringify(redact({ meta: { text } }))).not.toMatch(/AAAA|BBBB|cccc|YWxh/);
    }
    expect(redact({ meta: { text: 'the basic idea of keys, eyJust like that. Really. So' } })).toEqual({
      meta: { text: 'the basic idea of keys, eyJust like that. Really. So' },
    });
  });
});

describe('resources and grants', () => {
  it('[NAME-1] a prefix covers whole segments only', () => {
    expect(covers('/shop', '/shop/a.ts')).toBe(true);
    expect(covers('/shop/', '/shop/a.ts')).toBe(true);
    expect(covers('/', '/shop/a.ts')).toBe(true);
    expect(covers('/shop', '/shopping/a.ts')).toBe(false);
    expect(covers('/shop/a.ts', '/shop/a.ts')).toBe(true);
  });

  it('[NAME-2] a name that passes has no segment that leads elsewhere', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 6, unit: 'binary' }), { maxLength: 5 }), (segments) => {
        const name = `/${segments.join('/')}`;
        if (!parseResource(name).ok) return;
        expect(new URL(`https://host${name}`).pathname.split('/').length).toBe(name.split('/').length);
        expect(
          name
            .split('/')
            .slice(1)
            .some((part) => part === '' || part === '.' || part === '..'),
        ).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('grants', () => {
  const grants = [
    { prefix: '/shop/css', environments: ['development'] },
    { prefix: '/blog', environments: ['*'] },
  ];

  it('[GRANT-1] a file needs a prefix that covers it, where the grant holds', () => {
    expect(grantsCover(grants, '/shop/css/a.css', 'development')).toBe(true);
    expect(grantsCover(grants, '/shop/css/a.css', 'production')).toBe(false);
    expect(grantsCover(grants, '/shop/a.ts', 'development')).toBe(false);
    expect(grantsCover(grants, '/blog/a.ts', 'production')).toBe(true);
  });

  it('[GRANT-2] a notice needs a grant within the module, an operation one of the whole module', () => {
    expect([grantsTouch(grants, 'shop', 'development'), grantsRule(grants, 'shop', 'development')]).toEqual([
      true,
      false,
    ]);
    expect([grantsTouch(grants, 'shop', 'production'), grantsRule(grants, 'blog', 'production')]).toEqual([
      false,
      true,
    ]);
    expect([
      grantsTouch([{ prefix: '/', environments: ['*'] }], 'x', 'y'),
      grantsRule([{ prefix: '/', environments: ['*'] }], 'x', 'y'),
    ]).toEqual([true, true]);
    expect([grantsTouch([], 'shop', 'development'), grantsRule([], 'shop', 'development')]).toEqual([
      false,
      false,
    ]);
  });
});

describe('addresses', () => {
  const runtime: Addressee = {
    guid: 'g1',
    user: 7,
    groups: ['qa'],
    module: 'shop',
    environment: 'staging',
    labels: { zone: 'eu', tier: '1' },
  };

  it('[ADDR-1] everything that a selector gives must hold', () => {
    expect(matchesTarget({ select: { module: 'shop' } }, runtime)).toBe(true);
    expect(matchesTarget({ select: { module: 'shop', labels: { zone: 'eu' } } }, runtime)).toBe(true);
    expect(matchesTarget({ select: { module: 'shop', labels: { zone: 'us' } } }, runtime)).toBe(false);
    expect(matchesTarget({ select: { environment: 'production' } }, runtime)).toBe(false);
    expect(matchesTarget({ select: { labels: { constructor: 'x' } } }, runtime)).toBe(false);
  });

  it('[ADDR-2] user, group and guid match their own', () => {
    expect(
      [{ user: 7 }, { group: 'qa' }, { guid: 'g1' }].map((target) => matchesTarget(target, runtime)),
    ).toEqual([true, true, true]);
    expect(
      [{ user: 8 }, { group: 'dev' }, { guid: 'g2' }].map((target) => matchesTarget(target, runtime)),
    ).toEqual([false, false, false]);
  });

  it('[ADDR-3] equal addresses have equal keys, whatever the order of their members', () => {
    expect(targetKey({ select: { labels: { a: '1', b: '2' }, module: 'm' } })).toBe(
      targetKey({ select: { module: 'm', labels: { b: '2', a: '1' } } }),
    );
    expect(targetKey({ user: 1 })).not.toBe(targetKey({ guid: '1' }));
  });
});
