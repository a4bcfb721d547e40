import { expect, test } from 'vitest';

import { formatIbgibAddress, ibgibAddressOf, parseIbgibAddress } from '../src/index.ts';

const root = ['ib^gib'];

test.each([
  [{ ib: 'ib' }, 'ib^E975776B1A3E4468086E1D8C409116F6E098D13BEEDFE17AF668071B5D11CD55'],
  [
    {
      ib: 'ib',
      data: { x: 1, y: 2 },
      rel8ns: { past: root, ancestor: root, dna: root, identity: root },
    },
    'ib^34F03B3EC694FBEE1F93944CF6BAD4B6A07FD450276B9FC1A523EB4C1E4157B7',
  ],
])('the published vector %# has the address that others compute', async (ibgib, address) => {
  const found = await ibgibAddressOf(ibgib);
  expect(formatIbgibAddress(found)).toBe(address);
  expect(parseIbgibAddress(address)).toEqual(found);
});

test('the order of members and members that are not there make no other address, their values do', async () => {
  const address = async (data: { readonly [name: string]: string | null | undefined }) =>
    formatIbgibAddress(await ibgibAddressOf({ ib: 'x', data }));
  const one = await address({ a: 'one', b: null });
  expect(await address({ b: null, c: undefined, a: 'one' })).toBe(one);
  expect(await address({ a: 'one' })).not.toBe(one);
});

test('relations without addresses, data without members and no such thing at all have one address', async () => {
  const bare = formatIbgibAddress(await ibgibAddressOf({ ib: 'x' }));
  expect(formatIbgibAddress(await ibgibAddressOf({ ib: 'x', data: {}, rel8ns: {} }))).toBe(bare);
  expect(formatIbgibAddress(await ibgibAddressOf({ ib: 'x', rel8ns: { past: [] } }))).toBe(bare);
});

test('a frame after the first names its timeline in its address', async () => {
  const first = await ibgibAddressOf({ ib: 'x', data: { n: '0' } });
  const later = await ibgibAddressOf({ ib: 'x', data: { n: '1' } }, first.hash);
  const text = formatIbgibAddress(later);
  expect(text).toMatch(/^x\^[0-9A-F]{64}\.[0-9A-F]{64}$/);
  expect(parseIbgibAddress(text)).toEqual({ ib: 'x', hash: later.hash, timeline: first.hash });
});

test('a primitive is its label; text of another form is no address', () => {
  expect(parseIbgibAddress('ib^gib')).toEqual({ ib: 'ib', hash: null, timeline: null });
  expect(formatIbgibAddress({ ib: 'ib', hash: null, timeline: null })).toBe('ib^gib');
  const hash = 'A'.repeat(64);
  const others = [
    '',
    'ib',
    'ib^',
    'a^b^gib',
    `x^${hash.toLowerCase()}`,
    `x^${hash}.`,
    `x^${hash}.gib`,
    `x^${hash}A`,
  ];
  expect(others.map(parseIbgibAddress)).toEqual(others.map(() => undefined));
});

test('a label with the sign that ends it has no address', async () => {
  await expect(ibgibAddressOf({ ib: 'a^b' })).rejects.toThrow(TypeError);
});
