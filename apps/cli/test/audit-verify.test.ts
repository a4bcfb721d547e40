import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { AuditRow, SignedAuditHead } from '@cd-push/protocol';
import { auditHashOf, cryptoPlatform, signAuditHead, type SigningKey } from '@cd-push/timeline';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { rememberHeads } from '../src/audit/known-heads.ts';
import { cli, makeWorkshop, type Run, type Workshop } from './support/workshop.ts';

const issuer = 'https://issuer.test';
const tenant = 'default';
let workshop: Workshop;
let key: SigningKey;
let rows: string[];
let head: SignedAuditHead;

beforeEach(async () => {
  workshop = makeWorkshop();
  key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  rows = await chainOf('api-a1', 6);
  head = await headAt(rows, 6);
});
afterEach(() => {
  workshop[Symbol.dispose]();
});

const root = () => ({ issuer, tenant, keys: [key.publicKey] });

/** Rows as an api writes them; one holds what some programs take for the end of a line. */
const chainOf = async (node: string, count: number): Promise<string[]> => {
  const texts: string[] = [];
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const before = texts.at(-1);
    const row: AuditRow = {
      v: 1,
      node,
      sequence,
      previous: before === undefined ? null : await auditHashOf(before),
      at: 1_000 + sequence,
      event: sequence === 1 ? 'opened' : 'login',
      who: { subject: 'user-1', session: null },
      outcome: 'ok',
      ...(sequence === 1 ? { heads: [] } : { detail: `a\u2028b ${sequence}` }),
    };
    texts.push(JSON.stringify(row));
  }
  return texts;
};

const headAt = async (texts: readonly string[], sequence: number, at = 2_000): Promise<SignedAuditHead> => {
  const text = texts[sequence - 1]!;
  const { node } = JSON.parse(text) as AuditRow;
  return signAuditHead({ v: 1, tenant, node, sequence, hash: await auditHashOf(text), at }, key, null);
};

const headLine = ({ head: jws, certificate }: SignedAuditHead): string =>
  JSON.stringify({ head: jws, certificate });

const exported = (texts: readonly string[], heads: readonly SignedAuditHead[] = []): string => {
  const path = join(workshop.home, 'audit.jsonl');
  writeFileSync(path, [...texts, ...heads.map(headLine)].map((line) => `${line}\n`).join(''));
  return path;
};

const verify = (path: string, ...args: string[]): Promise<Run> =>
  cli(['audit', 'verify', path, ...args], { cwd: workshop.root, env: workshop.env });

const known = async (): Promise<void> => {
  await rememberHeads(workshop.env, root(), [head]);
};

test('an export that is as it was written passes against the last head that was seen here', async () => {
  await known();
  const { code, stdout } = await verify(exported(rows, [head]));
  expect(stdout).toContain('proven');
  expect(code).toBe(0);
});

test('without a head from elsewhere the tail is said to be unproven, and the exit code is 7', async () => {
  const { code, stdout, stderr } = await verify(exported(rows, [head]));
  expect(code).toBe(7);
  expect(stdout).toContain('unproven');
  expect(stderr).toContain('--head');
});

test.each([
  ['edited', (texts: string[]) => texts.with(2, texts[2]!.replace('user-1', 'user-2')), 'line 3, row 3'],
  ['deleted', (texts: string[]) => texts.toSpliced(2, 1), 'line 3, row 3'],
  ['reordered', (texts: string[]) => texts.with(2, texts[3]!).with(3, texts[2]!), 'line 3, row 4'],
  ['truncated', (texts: string[]) => texts.slice(0, 4), 'line 4, row 5'],
  ['edited', (texts: string[]) => texts.with(5, texts[5]!.replace('ok', 'no')), 'line 6, row 6'],
] as const)('what was done to it is named with its row: %s', async (kind, change, place) => {
  await known();
  const { code, json } = await verify(exported(change([...rows])), '--json');
  expect(code).toBe(1);
  const [fault] = json;
  expect(fault).toMatchObject({ type: 'fault', kind, node: 'api-a1' });
  expect(`line ${String(fault!.line)}, row ${String(fault!.sequence)}`).toBe(place);
  expect((await verify(exported(change([...rows])))).stdout).toContain(place);
});

test('as data a chain tells its last row, whether or not it is proven, and from where on nobody vouches', async () => {
  await rememberHeads(workshop.env, root(), [await headAt(rows, 4)]);
  const [partly] = (await verify(exported(rows, [head]), '--json')).json;
  expect(partly).toMatchObject({ type: 'chain', kind: 'unproven-tail', node: 'api-a1', sequence: 6 });
  expect(partly!['unproven']).toEqual({ sequence: 5, line: 5 });
  await known();
  const [whole] = (await verify(exported(rows, [head]), '--json')).json;
  expect(whole).toMatchObject({ type: 'chain', kind: 'proven', node: 'api-a1', sequence: 6 });
  expect(whole).not.toHaveProperty('unproven');
});

test('a cut tail is no fault to whoever knows no head', async () => {
  expect((await verify(exported(rows.slice(0, 4)))).code).toBe(7);
});

test('heads that were cut off with the tail make no difference: whose chains these are is known', async () => {
  await known();
  const { code, stdout, stderr } = await verify(exported(rows.slice(0, 4)));
  expect(code).toBe(1);
  expect(stdout).toContain('ends early');
  expect(stderr).toContain('no signed head in it');
});

test('an export that is older than what was seen here was whole as of its own heads, and is no fault: 7', async () => {
  await known();
  const early = exported(rows.slice(0, 4), [await headAt(rows, 4, 1_500)]);
  const { code, stdout } = await verify(early);
  expect(stdout).toMatch(/older .* whole as of \d{4}-/u);
  expect(stdout).toContain('Ends here at row 4; known here up to row 6.');
  expect(code).toBe(7);
  expect((await verify(early, '--json')).json).toEqual([
    { type: 'later', node: 'api-a1', sequence: 4, known: 6 },
    { type: 'verified', outcome: 'older', exitCode: 7, rows: 4, heads: 1, at: 1_500 },
  ]);
});

test.each([
  ['an edited row', 'edited', (texts: string[]) => texts.with(2, texts[2]!.replace('user-1', 'user-2'))],
  ['an edited last row', 'edited', (texts: string[]) => texts.with(3, texts[3]!.replace('ok', 'no'))],
  ['a deleted row', 'deleted', (texts: string[]) => texts.toSpliced(2, 1)],
  ['reordered rows', 'reordered', (texts: string[]) => texts.with(1, texts[2]!).with(2, texts[1]!)],
  ['a cut end', 'truncated', (texts: string[]) => texts.slice(0, 3)],
] as const)('in an older export %s is named, too', async (_what, kind, change) => {
  await known();
  const { code, json } = await verify(
    exported(change(rows.slice(0, 4)), [await headAt(rows, 4, 1_500)]),
    '--json',
  );
  expect(json[0]).toMatchObject({ type: 'fault', kind });
  expect(code).toBe(1);
});

test('a chain that ends before a head of an earlier time was cut, whatever its own heads say', async () => {
  await known();
  const cut = await verify(exported(rows.slice(0, 4), [await headAt(rows, 4, 3_000)]), '--json');
  expect(cut).toMatchObject({ code: 1, json: [{ type: 'fault', kind: 'truncated' }, {}] });
});

test('a chain that was left out with its heads is missed where it was seen before the export', async () => {
  await known();
  const other = await chainOf('api-b2', 2);
  const [before, after] = [await headAt(other, 2, 1_500), await headAt(other, 2, 2_500)];
  expect((await verify(exported(other, [after]), '--json')).json).toMatchObject([
    { type: 'fault', kind: 'truncated', node: 'api-a1' },
    {},
    {},
  ]);
  expect((await verify(exported(other, [before]))).code).toBe(7);
});

test('a head is given as a place, as a line of a file, or as itself', async () => {
  const place = `api-a1:6:${await auditHashOf(rows[5]!)}`;
  expect((await verify(exported(rows), '--head', place)).code).toBe(0);
  expect((await verify(exported(rows.slice(0, 5)), '--head', place)).code).toBe(1);
  const keys = join(workshop.home, 'issuer.json');
  writeFileSync(keys, JSON.stringify(root()));
  const file = join(workshop.home, 'heads.jsonl');
  writeFileSync(file, `${headLine(head)}\n`);
  for (const given of [file, headLine(head)])
    expect((await verify(exported(rows), '--head', given, '--issuer-keys', keys)).code).toBe(0);
});

test('a signed head counts only with the keys that it was signed with', async () => {
  const line = headLine(head);
  const nobody = await verify(exported(rows), '--head', line);
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('--issuer-keys') });
  const other = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const keys = join(workshop.home, 'issuer.json');
  writeFileSync(keys, JSON.stringify({ ...root(), keys: [other.publicKey] }));
  const foreign = await verify(exported(rows), '--head', line, '--issuer-keys', keys);
  expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('signed') });
});

test('an export of another installation is not held against the heads of this one', async () => {
  await known();
  expect((await verify(exported(await chainOf('api-b2', 3)))).code).toBe(7);
});

test('a chain that was written anew contradicts the heads that came with it', async () => {
  await rememberHeads(workshop.env, root(), [await headAt(await chainOf('api-c3', 2), 2)]);
  const anew = await chainOf('api-a1', 6);
  const other = anew.with(5, anew[5]!.replace('"ok"', '"no"'));
  const { code, stdout } = await verify(exported(other, [head]));
  expect(code).toBe(1);
  expect(stdout).toContain('known head');
});

test('of each chain the furthest head is kept, and one that contradicts it is told', async () => {
  await rememberHeads(workshop.env, root(), [head]);
  expect(await rememberHeads(workshop.env, root(), [await headAt(rows, 3, 1_500)])).toEqual([]);
  expect((await verify(exported(rows))).code).toBe(0);
  const cut = await rememberHeads(workshop.env, root(), [await headAt(rows, 3, 3_000)]);
  expect(cut).toMatchObject([{ before: { sequence: 6 }, now: { sequence: 3 } }]);
  const anew = rows.with(5, rows[5]!.replace('ok', 'no'));
  expect(await rememberHeads(workshop.env, root(), [await headAt(anew, 6)])).toHaveLength(1);
});

test('a head that nobody signed is not kept', async () => {
  const other = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  await rememberHeads(workshop.env, { ...root(), keys: [other.publicKey] }, [head]);
  expect((await verify(exported(rows))).code).toBe(7);
});

test('the heads that were seen are printed for whoever verifies elsewhere, plainly or signed', async () => {
  await known();
  const heads = (...args: string[]): Promise<Run> =>
    cli(['audit', 'heads', ...args], { cwd: workshop.root, env: workshop.env });
  const { stdout } = await heads();
  expect(stdout).toBe(`api-a1:6:${await auditHashOf(rows[5]!)}\n`);
  expect((await heads('--json')).stdout).toBe(`${headLine(head)}\n`);
  const file = join(workshop.home, 'heads.txt');
  writeFileSync(file, stdout);
  expect((await verify(exported(rows.slice(0, 5)), '--head', file)).code).toBe(1);
});

test('heads of several installations are not mixed: which one is meant has to be known', async () => {
  await known();
  const other = { ...root(), issuer: 'https://other.test' };
  await rememberHeads(workshop.env, other, [await headAt(await chainOf('api-b2', 2), 2)]);
  const { code, stdout, stderr } = await cli(['audit', 'heads'], { cwd: workshop.root, env: workshop.env });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('2 installations');
  expect((await verify(exported(rows))).code).toBe(0);
});

test.each([
  ['a file that is not there', 'none.jsonl'],
  ['a file without rows', 'empty.jsonl'],
])('%s is a usage error', async (_name, path) => {
  writeFileSync(join(workshop.root, 'empty.jsonl'), '');
  expect((await verify(path)).code).toBe(2);
});

test('an export is read as it is: bytes that are no text are a fault, and nothing breaks', async () => {
  await known();
  const path = exported(rows);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('a1')] = 0xff;
  writeFileSync(path, bytes);
  expect(await verify(path)).toMatchObject({ code: 1, stdout: expect.stringContaining('edited') });
});
