import type { AuditPlace, AuditRow, RelayCertificate, SignedAuditHead } from '@cd-push/protocol';
import { describe, expect, it } from 'vitest';

import {
  auditCut,
  auditHashOf,
  cryptoPlatform,
  digestOf,
  openAuditHead,
  signAuditHead,
  signRelayCertificate,
  verifyAudit,
  type AuditVerification,
  type SigningKey,
  type TrustRoot,
} from '../src/index.ts';
import { AuditWriter } from './support/audit-writer.ts';

const time = 1_763_600_000_000;
const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

/** One chain of eight rows. */
const single = async (): Promise<AuditWriter> => {
  const writer = new AuditWriter();
  await writer.tie('a');
  for (let index = 0; index < 7; index++) await writer.write('a', { detail: `row ${index}` });
  return writer;
};

/** Two chains, each of which tells of the other. */
const pair = async (): Promise<AuditWriter> => {
  const writer = new AuditWriter();
  await writer.tie('a');
  await writer.write('a');
  await writer.tie('b');
  await writer.write('b');
  await writer.write('a');
  await writer.tie('a');
  await writer.write('b');
  await writer.tie('b');
  await writer.write('b');
  return writer;
};

const without = (rows: readonly string[], index: number): string[] => rows.toSpliced(index, 1);
const first = ({ faults: [fault] }: AuditVerification) =>
  fault && [fault.kind, fault.node, fault.sequence, fault.line];

describe('[AUDIT-6] one chain', () => {
  it('as it was written has no fault, and is proven as far as a known head reaches', async () => {
    const writer = await single();
    const rows = writer.rows();
    const { node } = writer.head('a');
    expect(await verifyAudit(rows, { heads: [writer.head('a')] })).toMatchObject({
      rows: 8,
      faults: [],
      chains: [{ kind: 'proven', node, sequence: 8, line: 8 }],
    });
    const fifth = { node, sequence: 5, hash: await auditHashOf(rows[4]!) };
    expect(await verifyAudit(rows, { heads: [fifth] })).toMatchObject({
      faults: [],
      chains: [{ kind: 'unproven-tail', node, sequence: 6, line: 6, last: 8 }],
    });
  });

  it('[AUDIT-9] without a known head is said to have an unproven tail', async () => {
    const { faults, chains } = await verifyAudit((await single()).rows());
    expect(faults).toEqual([]);
    expect(chains).toMatchObject([{ kind: 'unproven-tail', node: 'a', sequence: 1, line: 1 }]);
    expect(chains[0]?.detail).toContain('the tail is unproven');
  });

  it('an edited row is named, wherever it stands', async () => {
    const writer = await single();
    const rows = writer.rows();
    for (let index = 0; index < rows.length; index++) {
      const edited = rows.with(index, rows[index]!.replace('"ok"', '"no"'));
      const found = first(await verifyAudit(edited, { heads: [writer.head('a')] }));
      expect(found).toEqual(['edited', 'a', index + 1, index + 1]);
      if (index < rows.length - 1) expect(first(await verifyAudit(edited))).toEqual(found);
    }
  });

  it.each([
    ['what it names as the row before it', /"previous":"sha256-./, '"previous":"sha256-_'],
    ['its number', /"sequence":(\d)/, '"sequence":1$1'],
    ['its very form', /^/, ' {'],
  ])('a row is edited also where only %s is', async (_what, pattern, replacement) => {
    const rows = (await single()).rows();
    for (const index of [1, 4, 6]) {
      const edited = rows.with(index, rows[index]!.replace(pattern, replacement));
      expect(first(await verifyAudit(edited))).toEqual(['edited', 'a', index + 1, index + 1]);
    }
  });

  it('a row more by a space or a member twice is another row', async () => {
    const rows = (await single()).rows();
    for (const replacement of [' "event"', '"event":"failed","event"']) {
      const edited = rows.with(3, rows[3]!.replace('"event"', replacement));
      expect(first(await verifyAudit(edited))).toEqual(['edited', 'a', 4, 4]);
    }
  });

  it('a missing row is named by its place', async () => {
    const rows = (await single()).rows();
    expect(first(await verifyAudit(without(rows, 0)))).toEqual(['deleted', 'a', 1, 1]);
    expect(first(await verifyAudit(without(rows, 3)))).toEqual(['deleted', 'a', 4, 4]);
    expect((await verifyAudit(rows.toSpliced(2, 3))).faults[0]?.detail).toContain('Rows 3 to 5 are missing');
  });

  it('rows that changed places are named', async () => {
    const rows = (await single()).rows();
    const swapped = rows.with(2, rows[3]!).with(3, rows[2]!);
    expect(first(await verifyAudit(swapped))).toEqual(['reordered', 'a', 4, 3]);
    expect(first(await verifyAudit(rows.with(0, rows[6]!).with(6, rows[0]!)))).toEqual([
      'reordered',
      'a',
      7,
      1,
    ]);
    expect(first(await verifyAudit(rows.toReversed()))).toEqual(['reordered', 'a', 8, 1]);
  });

  it('a row that stands twice is named', async () => {
    const rows = (await single()).rows();
    expect(first(await verifyAudit(rows.toSpliced(3, 0, rows[2]!)))).toEqual(['duplicated', 'a', 3, 4]);
    expect(first(await verifyAudit(rows.toSpliced(2, 0, rows[5]!)))).toEqual(['duplicated', 'a', 6, 3]);
    expect(first(await verifyAudit([...rows, rows[2]!]))).toEqual(['duplicated', 'a', 3, 9]);
  });

  it('a row that never was there is named, also where it names the right one before it', async () => {
    const rows = (await single()).rows();
    const forged = rows[3]!.replace('"ok"', '"no"');
    expect(first(await verifyAudit(rows.toSpliced(3, 0, forged)))).toEqual(['inserted', 'a', 4, 4]);
    expect(first(await verifyAudit(rows.toSpliced(4, 0, forged)))).toEqual(['inserted', 'a', 4, 5]);
    expect(first(await verifyAudit(rows.toSpliced(1, 0, forged)))).toEqual(['inserted', 'a', 4, 2]);
    expect(first(await verifyAudit(rows.toSpliced(6, 0, forged)))).toEqual(['inserted', 'a', 4, 7]);
    expect(first(await verifyAudit(rows.toSpliced(4, 0, 'no row at all')))).toEqual(['inserted', 'a', 5, 5]);
  });

  it('a cut tail is named against a known head, and cannot be without one', async () => {
    const writer = await single();
    const cut = writer.rows().slice(0, 5);
    expect(first(await verifyAudit(cut, { heads: [writer.head('a')] }))).toEqual(['truncated', 'a', 6, 5]);
    expect((await verifyAudit(cut)).faults).toEqual([]);
    const nothing = await verifyAudit([], { heads: [writer.head('a')] });
    expect(first(nothing)).toEqual(['truncated', 'a', 1, null]);
  });

  it('a chain that was written anew from some row on does not pass for the one of a known head', async () => {
    const [writer, other] = [await single(), new AuditWriter()];
    await other.tie('a');
    for (let index = 0; index < 8; index++)
      await other.write('a', { detail: `row ${index}`, outcome: 'forged' });
    const verified = await verifyAudit(other.rows(), { heads: [writer.head('a')] });
    expect(first(verified)).toEqual(['foreign-head', 'a', 8, 8]);
  });
});

describe('[AUDIT-7] chains of several nodes', () => {
  it('[AUDIT-9] are proven by one head as far as they tell of each other', async () => {
    const writer = await pair();
    const { faults, chains } = await verifyAudit(writer.rows(), { heads: [writer.head('b')] });
    expect(faults).toEqual([]);
    expect(chains).toMatchObject([
      { kind: 'proven', node: 'a', sequence: 4 },
      { kind: 'proven', node: 'b', sequence: 5 },
    ]);
  });

  it('one that another tells of is not cut, taken away or written anew unnoticed, without any known head', async () => {
    const writer = await pair();
    const rows = writer.rows();
    expect(first(await verifyAudit(without(rows, 3)))).toEqual(['truncated', 'a', 4, 3]);
    expect(first(await verifyAudit(rows.slice(4)))).toEqual(['truncated', 'a', 1, null]);
    const anew = rows.with(3, rows[3]!.replace('"ok"', '"no"'));
    expect(first(await verifyAudit(anew))).toEqual(['edited', 'a', 4, 4]);
  });

  it('a last row that contradicts a chain is itself what is doubted', async () => {
    const writer = await pair();
    await writer.tie('b');
    const rows = writer.rows();
    const { hash } = writer.head('a');
    const lie = rows.with(rows.length - 1, rows.at(-1)!.replace(hash, await digestOf('another row')));
    expect(first(await verifyAudit(lie))).toEqual(['edited', 'b', 6, 10]);
  });

  it('what an edited row says of another chain is not held against that one', async () => {
    const writer = await pair();
    const rows = writer.rows();
    const lie = rows.with(7, rows[7]!.replace('"sequence":4,"hash"', '"sequence":400,"hash"'));
    const { faults } = await verifyAudit(lie, { heads: writer.heads() });
    expect(faults).toMatchObject([{ kind: 'edited', node: 'b', sequence: 4, line: 8 }]);
    expect(faults).toHaveLength(1);
  });

  it('each one’s rows stand together', async () => {
    const rows = (await pair()).rows();
    const swapped = rows.with(3, rows[4]!).with(4, rows[3]!);
    expect(first(await verifyAudit(swapped))).toEqual(['reordered', 'a', 4, 5]);
  });

  it('a fault of one leaves the others as they are', async () => {
    const writer = await pair();
    const { faults, chains } = await verifyAudit(without(writer.rows(), 1), { heads: writer.heads() });
    expect(faults).toMatchObject([{ kind: 'deleted', node: 'a', sequence: 2, line: 2 }]);
    expect(chains).toMatchObject([{ kind: 'proven', node: 'b', sequence: 5 }]);
  });
});

describe('[AUDIT-8] rows that were let go of', () => {
  const pruned = async (): Promise<AuditWriter> => {
    const writer = await pair();
    await writer.prune('a', 2, 'b');
    return writer;
  };

  it('are no fault where a row says so', async () => {
    const writer = await pruned();
    const { faults, chains } = await verifyAudit(writer.rows(), { heads: writer.heads() });
    expect(faults).toEqual([]);
    expect(chains).toMatchObject([
      { kind: 'proven', node: 'a', sequence: 4, line: 2 },
      { kind: 'proven', node: 'b', sequence: 6 },
    ]);
  });

  it('are one where more are missing than the row says', async () => {
    const writer = await pruned();
    const rows = writer.rows();
    expect(first(await verifyAudit(without(rows, 0)))).toEqual(['deleted', 'a', 3, 1]);
  });

  it('a row that says so at a tail that nobody vouches for makes the beginning unproven', async () => {
    const writer = await pair();
    const known = writer.heads();
    await writer.prune('a', 2, 'b');
    expect((await verifyAudit(writer.rows(), { heads: known })).chains).toMatchObject([
      { kind: 'unproven-beginning', node: 'a', sequence: 3, line: 1 },
      { kind: 'unproven-tail', node: 'b', sequence: 6 },
    ]);
  });

  it('may be a whole chain', async () => {
    const writer = await pair();
    await writer.prune('a', 4, 'b');
    const { faults, chains } = await verifyAudit(writer.rows(), { heads: [writer.head('b')] });
    expect(faults).toEqual([]);
    expect(chains).toHaveLength(1);
  });
});

describe('what is no audit', () => {
  it.each([
    ['text', 'hello'],
    ['an array', '[]'],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a row of another version', JSON.stringify({ v: 2 })],
    ['an empty line', ''],
  ])('%s is a fault of its line', async (_what, text) => {
    expect(first(await verifyAudit([text]))).toEqual(['edited', '', 1, 1]);
  });

  it('names of nodes reach no prototype', async () => {
    const writer = new AuditWriter();
    for (const node of ['constructor', 'toString', 'hasOwnProperty']) {
      await writer.tie(node);
      await writer.write(node);
    }
    const { faults, chains } = await verifyAudit(writer.rows(), { heads: writer.heads() });
    expect([faults, chains.map(({ kind }) => kind)]).toEqual([[], ['proven', 'proven', 'proven']]);
  });
});

it('[AUDIT-9] a head of the last of many chains proves all of them, each over the one before', async () => {
  const writer = new AuditWriter();
  const nameOf = (index: number): string => `relay-${String(index).padStart(4, '0')}`;
  for (let index = 0; index < 500; index++) {
    const heads = index === 0 ? [] : [writer.head(nameOf(index - 1))];
    await writer.write(nameOf(index), { event: 'opened', who: null, heads });
  }
  const { faults, chains } = await verifyAudit(writer.rows(), { heads: [writer.head(nameOf(499))] });
  expect(faults).toEqual([]);
  expect(chains.filter(({ kind }) => kind === 'proven')).toHaveLength(500);
});

describe('[AUDIT-11] an export of an audit that goes on being written', () => {
  const parse = (text: string): AuditRow => JSON.parse(text) as AuditRow;

  it('ends everywhere where it stood at one moment, so that nothing looks cut', async () => {
    const writer = await pair();
    const heads = writer.heads();
    // Of "a" nothing more is read; "b" tells of rows of it that were written since, and so does a node that is new.
    const early = writer.rows().filter((text) => parse(text).node === 'a');
    await writer.write('a');
    await writer.tie('b');
    await writer.tie('c');
    await writer.write('c');
    const late = writer.rows().filter((text) => parse(text).node !== 'a');
    expect((await verifyAudit([...early, ...late])).faults).toMatchObject([{ kind: 'truncated', node: 'a' }]);

    const belongs = auditCut(heads);
    const cut = [...early, ...late].filter((text) => belongs(parse(text)));
    expect(await verifyAudit(cut, { heads })).toMatchObject({
      faults: [],
      chains: [
        { kind: 'proven', node: 'a' },
        { kind: 'proven', node: 'b' },
      ],
    });
  });

  it('holds chains that are older than the heads that were told', async () => {
    const writer = await pair();
    await writer.tie('c');
    const belongs = auditCut([writer.head('b'), writer.head('c')]);
    const rows = writer.rows();
    expect(rows.filter((text) => belongs(parse(text)))).toEqual(rows);
  });
});

describe('[AUDIT-10] heads', () => {
  const root = async () => {
    const issuer = await newKey();
    const trust: TrustRoot = { issuer: 'https://api.example', tenant: 'local', keys: [issuer.publicKey] };
    return { issuer, trust };
  };
  const certificateOf = (relay: SigningKey, changed: Partial<RelayCertificate> = {}): RelayCertificate => ({
    v: 1,
    iss: 'https://api.example',
    aud: 'cd-push:acceptance',
    sub: 'relay-1',
    tenant: '*',
    cnf: { jwk: relay.publicKey },
    notBefore: time - 1000,
    notAfter: time + 1000,
    ...changed,
  });
  const place: AuditPlace = { node: 'relay-1', sequence: 3, hash: `sha256-${'x'.repeat(43)}` };
  const head = { v: 1, tenant: 'local', ...place, at: time } as const;
  const kindOf = async (signed: SignedAuditHead, trust: TrustRoot): Promise<string> => {
    const opened = await openAuditHead(signed, trust);
    return opened.ok ? 'ok' : opened.problem.kind;
  };

  it('hold by the issuer’s key and by that of a relay that it certified', async () => {
    const [{ issuer, trust }, relay] = [await root(), await newKey()];
    const certificate = await signRelayCertificate(certificateOf(relay), issuer);
    for (const signed of [
      await signAuditHead(head, issuer, null),
      await signAuditHead(head, relay, certificate),
    ]) {
      expect(await openAuditHead(signed, trust)).toEqual({ ok: true, value: head });
    }
  });

  it('of anybody else, of another tenant or outside the certificate’s time are refused', async () => {
    const [{ issuer, trust }, relay, stranger] = [await root(), await newKey(), await newKey()];
    const certificate = await signRelayCertificate(certificateOf(relay), issuer);
    const foreign = await signRelayCertificate(certificateOf(stranger), stranger);
    expect(await kindOf(await signAuditHead(head, stranger, null), trust)).toBe('bad-signature');
    expect(await kindOf(await signAuditHead(head, relay, null), trust)).toBe('bad-signature');
    expect(await kindOf(await signAuditHead(head, stranger, certificate), trust)).toBe('bad-signature');
    expect(await kindOf(await signAuditHead(head, stranger, foreign), trust)).toBe('bad-certificate');
    expect(await kindOf(await signAuditHead({ ...head, tenant: 'other' }, issuer, null), trust)).toBe(
      'bad-signature',
    );
    for (const at of [time - 1001, time + 1001]) {
      expect(await kindOf(await signAuditHead({ ...head, at }, relay, certificate), trust)).toBe(
        'bad-signature',
      );
    }
  });

  it('are of a type of their own', async () => {
    const { issuer, trust } = await root();
    const other = await signRelayCertificate(certificateOf(issuer), issuer);
    expect(await kindOf({ head: other, certificate: null }, trust)).toBe('bad-signature');
  });
});
