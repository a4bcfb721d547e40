import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, test } from 'vitest';

import {
  addressOf,
  addressOfDigest,
  append,
  appendMerge,
  canonicalBytes,
  digestOf,
  linkTo,
  makeConstant,
  makeGenesis,
  objectLimits,
  readAddress,
  readObject,
  storedBlob,
  storedObject,
  utf8,
  type Address,
  type Value,
} from '../src/index.ts';

const genesis = await makeGenesis({ n: 0 });
const blob = await storedBlob('text');
const first = await append(genesis, {
  data: { text: 'ü "quoted" \n', list: [1, null, true, linkTo(blob.address)] },
  links: { restores: [genesis.address] },
});
const second = await append(genesis, { data: { n: 2 } });
const merged = await appendMerge(first, second, {
  data: { n: 3 },
  merge: {
    base: [genesis.address],
    graftbase: first.address,
    graftorphan: second.address,
    algorithm: 'test/1',
    syntax: null,
  },
});
const other = await makeGenesis({ n: 'other' });
const [low = '', high = ''] = [first.address, second.address].toSorted();

/** Reads bytes under the address that is theirs. */
const read = async (bytes: Uint8Array) => readObject({ address: await addressOf('json', bytes), bytes });
const readJson = async (object: object) => read(canonicalBytes(object));
const readText = async (text: string) => read(utf8(text));
const refusal = async (outcome: ReturnType<typeof read>) => {
  const result = await outcome;
  return result.ok ? 'read' : { kind: result.problem.kind, path: result.problem.path };
};

describe('an address', () => {
  test('is a CID to the library that reads every kind of them', () => {
    const codes = [genesis, blob].map(({ address }) => {
      const { version, code, multihash } = CID.parse(address);
      return [version, code, multihash.code, multihash.digest.length];
    });
    expect(codes).toEqual([
      [1, 0x02_00, 0x12, 32],
      [1, 0x55, 0x12, 32],
    ]);
    // The last characters hold bits that are none of the digest's.
    const misspelt = (text: string): string => text.slice(0, -1) + (text.endsWith('z') ? 'y' : 'z');
    expect([genesis.address, blob.address].map((address) => readAddress(misspelt(address)))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('is a CIDv1 whose codec says what it is of', () => {
    expect(readAddress(genesis.address)?.codec).toBe('json');
    expect(readAddress(blob.address)).toEqual({
      address: blob.address,
      codec: 'raw',
      // By `printf text | openssl dgst -sha256`.
      digest: 'sha256-mC2ePrmW9VnmM_TRlN7zdh2Qn1o7ZH0ahR_q1nwyydE',
    });
  });

  test('of a blob holds the digest that signed heads name', async () => {
    const digest = await digestOf('text');
    expect(addressOfDigest('raw', digest)).toBe(blob.address);
  });

  test('tells apart what has the same bytes', async () => {
    const asBlob = await storedBlob(genesis.bytes);
    expect(asBlob.address).not.toBe(genesis.address);
    expect(await refusal(readObject({ address: asBlob.address, bytes: genesis.bytes }))).toBe('read');
    const constant = await makeConstant({ n: 0 });
    expect(constant.address).not.toBe(genesis.address);
  });

  test.each([
    '',
    'x',
    genesis.address.toUpperCase(),
    `${genesis.address}a`,
    genesis.address.slice(0, -1),
    // CIDv0, a CIDv1 of another codec (dag-cbor), and one of another hash (sha2-512).
    'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
    'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
    'bafkrgqbrmvxc6rxjdhfqnuzfxuwrzkzpfjlsr7c7lh7erdm4jmdtgmkxmrcgrr3pmvqqxzxhkmz4d6uyzr7bhnlckyxdnqkyzwlrxq',
  ])('%j is none of ours', (text) => {
    expect(readAddress(text)).toBeUndefined();
  });
});

describe('an object that is read', () => {
  test('is as it was made, with all that it refers to', async () => {
    for (const made of [
      genesis,
      first,
      second,
      merged,
      await makeConstant({ a: 1 }, { of: [first.address] }),
    ]) {
      expect(await readObject(made)).toEqual({ ok: true, value: made });
    }
    expect(first.refers).toEqual([genesis.address, blob.address].toSorted());
    expect(merged.refers).toEqual([first.address, second.address, genesis.address].toSorted());
  });

  test('is hashed again where the same was read before, and is known by the bytes that came now', async () => {
    const { address, bytes } = await append(genesis, { data: { n: 'read before' } });
    expect(await readObject({ address, bytes })).toMatchObject({ ok: true });
    const same = bytes.slice();
    const again = await readObject({ address, bytes: same });
    expect(again.ok && again.value.bytes).toBe(same);
    for (const at of bytes.keys()) {
      const altered = { address, bytes: bytes.with(at, (bytes[at] ?? 0) ^ 1) };
      expect(await refusal(readObject(altered))).toEqual({ kind: 'bad-object', path: '' });
    }
  });

  test('with any bit of any byte flipped is refused', async () => {
    let refused = 0;
    for (const object of [merged, blob]) {
      for (let at = 0; at < object.bytes.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const bytes = object.bytes.with(at, (object.bytes[at] ?? 0) ^ (1 << bit));
          const { ok } = await readObject({ address: object.address, bytes });
          refused += Number(!ok);
        }
      }
    }
    expect(refused).toBe(8 * (merged.bytes.length + blob.bytes.length));
  });

  test('with bytes cut off, added, or those of another one is refused', async () => {
    const { address, bytes } = first;
    const others = [
      bytes.slice(1),
      bytes.slice(0, -1),
      Uint8Array.from([...bytes, 32]),
      second.bytes,
      utf8(''),
    ];
    for (const one of others) {
      expect(await refusal(readObject({ address, bytes: one }))).toEqual({ kind: 'bad-object', path: '' });
    }
  });

  test.each([
    ['space between members', ' {"data":{},"kind":"cd-push/constant/1","links":{}}'],
    ['a line break at its end', '{"data":{},"kind":"cd-push/constant/1","links":{}}\n'],
    ['a byte order mark', '\ufeff{"data":{},"kind":"cd-push/constant/1","links":{}}'],
    ['members in another order', '{"kind":"cd-push/constant/1","data":{},"links":{}}'],
    ['a member twice', '{"data":{},"data":{},"kind":"cd-push/constant/1","links":{}}'],
    ['a letter that need not be escaped', '{"data":{"a":"\\u0061"},"kind":"cd-push/constant/1","links":{}}'],
    ['a number with an exponent', '{"data":{"a":1e2},"kind":"cd-push/constant/1","links":{}}'],
    ['a zero below zero', '{"data":{"a":-0},"kind":"cd-push/constant/1","links":{}}'],
    ['half a surrogate pair', '{"data":{"a":"\\ud800"},"kind":"cd-push/constant/1","links":{}}'],
    ['no JSON', '{"data":'],
    ['no object', '[]'],
    ['no object', 'null'],
  ])('spelled with %s is refused', async (_what, text) => {
    expect(await refusal(readText(text))).toMatchObject({ kind: 'bad-object' });
  });

  test('that is no UTF-8 is refused', async () => {
    const bytes = utf8('{"data":{"a":"?"},"kind":"cd-push/constant/1","links":{}}');
    expect(await refusal(read(bytes.with(14, 0xff)))).toMatchObject({ kind: 'bad-object' });
  });

  test.each(['__proto__', 'constructor', 'prototype'])(
    'with a key %s anywhere in it is refused',
    async (key) => {
      const places = ['"data":{"a":[{?:1}]}', '"data":{?:{}}', '"data":{},?:1'];
      for (const place of places.map((text) => text.replace('?', JSON.stringify(key)))) {
        const result = await readText(`{${place},"kind":"cd-push/constant/1","links":{}}`);
        expect(result).toMatchObject({ ok: false, problem: { kind: 'bad-object' } });
        expect(!result.ok && result.problem.detail).toContain(`"${key}"`);
      }
    },
  );

  test('nested deeper than any message is refused', async () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const constant = (depth: number): string =>
      `{"data":${nested(depth)},"kind":"cd-push/constant/1","links":{}}`;
    expect(await refusal(readText(constant(30)))).toBe('read');
    expect(await refusal(readText(constant(40)))).toMatchObject({ kind: 'bad-object' });
    expect(await refusal(readText(constant(100_000)))).toMatchObject({ kind: 'bad-object' });
  });

  test('of a kind that is not known here is refused, unless whoever reads knows it', async () => {
    const object = await storedObject({ kind: 'cd-push/badge/1', holder: 'Ada' });
    expect(await refusal(readObject(object))).toEqual({ kind: 'bad-object', path: '/kind' });
    const badge = {
      kind: 'cd-push/badge/1',
      read: ({ holder }: { readonly holder?: unknown }) =>
        ({ ok: true, value: { value: holder, refers: [genesis.address] } }) as const,
    };
    expect(await readObject(object, [badge])).toMatchObject({
      value: { type: 'control', kind: 'cd-push/badge/1', value: 'Ada', refers: [genesis.address] },
    });
    // Nobody else knows it for that.
    expect(await refusal(readObject(object))).toEqual({ kind: 'bad-object', path: '/kind' });
  });

  test('that is larger than an object may be is refused, before it is hashed', async () => {
    const { address } = blob;
    const text = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(97);
    const sixtyMegabytes = { address, bytes: text(60_000_000) };
    expect(await refusal(readObject(sixtyMegabytes))).toEqual({ kind: 'too-large', path: '' });
    const long = { address: genesis.address, bytes: text(objectLimits.structuredBytes + 1) };
    expect(await refusal(readObject(long))).toEqual({ kind: 'too-large', path: '' });
    await expect(makeGenesis({ text: 'x'.repeat(objectLimits.structuredBytes) })).rejects.toMatchObject({
      problem: { kind: 'too-large' },
    });
    const largest = await storedBlob(text(objectLimits.blobBytes));
    expect(await refusal(readObject(largest))).toBe('read');
  });

  test('names its address in the problem', async () => {
    const result = await readObject({ address: first.address, bytes: second.bytes });
    expect(result).toMatchObject({ ok: false, problem: { resource: first.address } });
  });
});

describe('values', () => {
  const withData = (data: unknown) => readJson({ kind: 'cd-push/constant/1', data, links: {} });

  test.each<[unknown, string]>([
    [{ a: 0.5 }, '/data/a'],
    [{ a: [1, { b: 2 ** 53 }] }, '/data/a/1/b'],
    [{ 'a/b': -(2 ** 53) }, '/data/a~1b'],
    [{ a: { '/': 'somewhere' } }, '/data/a'],
    [{ a: { '/': genesis.address, more: 1 } }, '/data/a'],
    [{ a: { '/': { '/': genesis.address } } }, '/data/a'],
    [{ '/': genesis.address }, '/data'],
    [[], '/data'],
    ['text', '/data'],
    [null, '/data'],
    [undefined, '/data'],
    [{ a: { kind: 'cd-push/conflict/1' } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', base: null, sides: ['one'] } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', base: null, sides: ['two', 'one'] } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', base: null, sides: ['one', 'one'] } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', base: null, sides: ['one', 'two'], more: 1 } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', sides: ['one', 'two'] } }, '/data/a'],
    [{ a: { kind: 'cd-push/conflict/1', base: 0.5, sides: ['one', 'two'] } }, '/data/a/base'],
  ])('%j is refused at its place', async (data, path) => {
    expect(await refusal(withData(data))).toEqual({ kind: 'bad-object', path });
  });

  test('a conflict may stand in a field, and be an object of its own', async () => {
    const conflict = { kind: 'cd-push/conflict/1', base: linkTo(blob.address), sides: ['one', 'two'] };
    expect(await refusal(withData({ a: conflict }))).toBe('read');
    expect(await readJson(conflict)).toMatchObject({
      ok: true,
      value: { type: 'conflict', conflict, refers: [blob.address] },
    });
  });

  const values = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(linkTo(genesis.address), linkTo(blob.address)),
      fc.array(tie('value')),
      fc.dictionary(
        fc
          .string({ unit: 'grapheme' })
          .filter(
            (key) =>
              !['/', '__proto__', 'constructor', 'prototype', 'kind'].includes(key) && !key.includes('\0'),
          ),
        tie('value'),
        { noNullPrototype: true },
      ),
    ),
  }));

  test('whatever is made of values is read as the same, and spelled in one way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('a', 'b', '10', '9', 'ü'), values.value, { noNullPrototype: true }),
        async (data) => {
          const made = await makeGenesis(data);
          const again = await makeGenesis(Object.fromEntries(Object.entries(data).toReversed()));
          expect(again.address).toBe(made.address);
          expect(await readObject(made)).toEqual({ ok: true, value: made });
        },
      ),
      { seed: 20_261, numRuns: 300 },
    );
  });

  test.each<[string, Value]>([
    ['a fraction', 0.5],
    ['a number that is none', Number.NaN],
    ['half a surrogate pair', '\ud800'],
    ['what is nested deeper than any message', Array.from({ length: 40 }).reduce<Value>((of) => [of], 1)],
    ['a key that reaches for a prototype', { constructor: 1 }],
    ['a link to nothing', { '/': 'somewhere' }],
    ['a conflict with one side', { kind: 'cd-push/conflict/1', base: null, sides: ['one'] }],
    // What a program in another language, or an untyped one, may pass: it would be written as something else than it is.
    ['a date', new Date(0) as never],
    ['what is not there', undefined as never],
    ['a list with a gap', [undefined] as never],
    ['bytes', new Uint8Array(1) as never],
  ])('nothing is made of %s', async (_what, value) => {
    await expect(makeGenesis({ value })).rejects.toThrow();
    await expect(append(genesis, { data: { value } })).rejects.toThrow();
    await expect(makeConstant({ value })).rejects.toThrow();
  });
});

describe('a frame by itself', () => {
  const genesisJson = {
    kind: 'cd-push/frame/1',
    timeline: null,
    height: 0,
    parents: [],
    data: {},
    links: {},
  };
  const laterJson = { ...genesisJson, timeline: genesis.address, height: 1, parents: [genesis.address] };
  const merge = { base: [genesis.address], graftbase: low, graftorphan: high, algorithm: 'x', syntax: null };
  const mergeJson = { ...laterJson, height: 2, parents: [low, high], merge };

  test('is read where it is well', async () => {
    for (const json of [genesisJson, laterJson, mergeJson])
      expect(await refusal(readJson(json))).toBe('read');
  });

  test.each<[string, object, string]>([
    ['a member too many', { ...laterJson, author: 'Ada' }, '/author'],
    ['a first frame above height 0', { ...genesisJson, height: 1 }, '/height'],
    ['a first frame with a parent', { ...genesisJson, parents: [genesis.address] }, '/parents'],
    ['a first frame that merges', { ...genesisJson, merge }, '/merge'],
    ['a later frame at height 0', { ...laterJson, height: 0 }, '/height'],
    ['a height that jumps out of the numbers', { ...laterJson, height: 2 ** 53 }, '/height'],
    ['a height that is no integer', { ...laterJson, height: 1.5 }, '/height'],
    ['a height that is a text', { ...laterJson, height: '1' }, '/height'],
    ['no parents', { ...laterJson, parents: [] }, '/parents'],
    ['three parents', { ...mergeJson, parents: [low, high, genesis.address].toSorted() }, '/parents'],
    ['one parent twice', { ...mergeJson, parents: [low, low] }, '/parents/1'],
    ['parents in another order', { ...mergeJson, parents: [high, low] }, '/parents/1'],
    ['a parent that is a blob', { ...laterJson, parents: [blob.address] }, '/parents'],
    ['a parent that is no address', { ...laterJson, parents: ['there'] }, '/parents/0'],
    ['parents that are no list', { ...laterJson, parents: genesis.address }, '/parents'],
    ['a timeline that is a blob', { ...laterJson, timeline: blob.address }, '/timeline'],
    ['a timeline that is a name', { ...laterJson, timeline: 'main' }, '/timeline'],
    ['two parents without a merge', { ...mergeJson, merge: undefined }, '/merge'],
    ['one parent with a merge', { ...laterJson, merge }, '/merge'],
    [
      'a merge of something else',
      { ...mergeJson, merge: { ...merge, graftbase: genesis.address } },
      '/merge',
    ],
    ['a merge of one with itself', { ...mergeJson, merge: { ...merge, graftbase: high } }, '/merge'],
    ['a merge from nothing', { ...mergeJson, merge: { ...merge, base: [] } }, '/merge/base'],
    ['a merge without algorithm', { ...mergeJson, merge: { ...merge, algorithm: 1 } }, '/merge/algorithm'],
    ['a merge without parsers', { ...mergeJson, merge: { ...merge, syntax: undefined } }, '/merge/syntax'],
    ['a merge with more members', { ...mergeJson, merge: { ...merge, at: 1 } }, '/merge/at'],
    ['relations that are a list', { ...laterJson, links: [] }, '/links'],
    ['a relation to nothing', { ...laterJson, links: { of: [] } }, '/links/of'],
    ['a relation to what is no address', { ...laterJson, links: { of: ['there'] } }, '/links/of/0'],
    ['relations in another order', { ...laterJson, links: { of: [high, low] } }, '/links/of/1'],
  ])('with %s is a bad frame', async (_what, json, path) => {
    expect(await refusal(readJson(json))).toEqual({ kind: 'bad-frame', path });
  });

  test('is the same whatever the order in which relations and parents are given', async () => {
    const links = { of: [low, high] as Address[], also: [other.address, other.address] };
    const one = await append(first, { data: {}, links });
    const two = await append(first, {
      data: {},
      links: { also: [other.address], of: links.of.toReversed(), none: [] },
    });
    expect(two.address).toBe(one.address);
    const facts = { data: { n: 3 }, merge: merged.frame.merge! };
    expect((await appendMerge(second, first, facts)).address).toBe(merged.address);
  });

  test('has no child together with a frame of another timeline, nor with itself', async () => {
    const facts = { data: {}, merge: merged.frame.merge! };
    await expect(appendMerge(first, other, facts)).rejects.toThrow(TypeError);
    await expect(appendMerge(first, first, facts)).rejects.toThrow(/none stands twice/);
  });
});
