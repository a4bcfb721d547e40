import {
  branded,
  notRestored,
  problemOf,
  type Answer,
  type AuditHeads,
  type AuditRow,
  type GetAuditAnswer,
  type ICdPushEnvelop,
  type Problem,
  type RecipientId,
} from '@cd-push/protocol';
import { openSqliteJournal, type PushFacts } from '@cd-push/store';
import { openAuditHead, verifyAudit, type TrustRoot } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { auditRows } from '../src/audit/entries.ts';
import type { PendingMove } from '../src/journal/commit-items.ts';
import { TrackedPush } from '../src/journal/tracked-push.ts';
import type { Client } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { tenant, type SigningLogin } from './support/memory-authority.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const till = '/shop/src/till.ts';
const shop = { select: { module: 'shop', environment: 'development' } };

let clock: ManualClock;
let stack: Stack;
let sender: { client: Client; login: SigningLogin };
let admin: Client;
let root: TrustRoot;
beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock });
  sender = await stack.sender();
  admin = (await stack.sender({ roles: ['admin'], grants: [] })).client;
  root = { issuer: 'https://issuer.test', tenant, keys: [stack.authority.issuerKey.publicKey] };
});

/** Whatever a test has written holds together. */
const holdsTogether = async (): Promise<void> => {
  // What was written between the heads and the rows of an answer is proven by the heads of the next.
  await expect
    .poll(async () => {
      const { rows: texts, heads } = await pageAfter();
      const opened = await Promise.all(heads.map((head) => openAuditHead(head, root)));
      return verifyAudit(texts, { heads: opened.flatMap((one) => (one.ok ? [one.value] : [])) });
    })
    .toMatchObject({ faults: [], chains: [{ kind: 'proven' }] });
};
afterEach(() => holdsTogether());

const pageAfter = async (query: object = {}): Promise<GetAuditAnswer> => {
  const answer = await admin.ask<Answer<GetAuditAnswer>>('get-audit', query);
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return answer;
};

const rows = async (): Promise<AuditRow[]> =>
  (await pageAfter()).rows.map((text) => JSON.parse(text) as AuditRow);

const rowsOf = async ({ pushGuid }: Pick<SignedPush, 'pushGuid'>, event?: string): Promise<AuditRow[]> =>
  (await rows()).filter((row) => row.pushGuid === pushGuid && (event === undefined || row.event === event));

const push = async (resource = cart, before?: SignedPush): Promise<SignedPush> => {
  const signed = await patchPush(sender.login, [
    { resource, text: crypto.randomUUID(), predecessor: before?.heads[0]?.digest ?? null },
  ]);
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

/** The sender of the test, as rows name it. */
const who = (): AuditRow['who'] => ({
  subject: sender.login.session.subject,
  session: sender.login.session.id,
});

describe('[AUDIT-1] what happens is written down', () => {
  it('accepted, delivered and completed, with who, what and where', async () => {
    const [one, two] = [await stack.runtime(), await stack.runtime()];
    const signed = await push();
    await one.client.apply(signed.statement);
    await two.client.apply(signed.statement);
    await expect
      .poll(async () => (await rowsOf(signed, 'completed')).flatMap(({ targets }) => targets))
      .toEqual(expect.arrayContaining([one.recipient, two.recipient]));
    const [accepted] = await rowsOf(signed, 'accepted');
    expect(accepted).toMatchObject({
      v: 1,
      who: who(),
      outcome: 'ok',
      digest: signed.statement,
      resources: [cart],
      targets: [one.recipient, two.recipient],
    });
    expect((await rowsOf(signed)).map(({ event }) => event)[0]).toBe('accepted');
    for (const row of await rowsOf(signed)) expect(row).toMatchObject({ who: who(), outcome: 'ok' });
  });

  it('[AUDIT-2] what came to a stage together, with one outcome, is one row with all its targets', () => {
    const recipients = ['a', 'b', 'c', 'd'].map((one) => branded<RecipientId>(one));
    const facts = {
      pushGuid: 'guid',
      digest: 'sha256-x',
      initTime: 1,
      sender: who(),
      recipients,
      signed: { patches: [{ resource: till, from: cart }] },
    } as unknown as PushFacts;
    const tracked = new TrackedPush({ offset: 1, facts, tracks: new Map() });
    const moved = (recipient: RecipientId, stage: string, at: number, problem?: Problem): PendingMove =>
      ({
        push: tracked,
        recipient,
        track: { attempt: 1, state: { stage, times: { [stage]: at }, at, problem } },
      }) as unknown as PendingMove;
    const [a, b, c, d] = recipients as [RecipientId, RecipientId, RecipientId, RecipientId];
    const written = auditRows.moved([
      moved(a, 'pushed', 1),
      moved(a, 'completed', 5),
      moved(b, 'failed', 6, problemOf('apply-failed')),
      moved(c, 'completed', 4),
      moved(d, 'failed', 7, problemOf('broken-chain')),
    ]);
    const common = { who: who(), pushGuid: 'guid', digest: 'sha256-x', resources: [till, cart] };
    expect(written).toEqual([
      { ...common, at: 5, event: 'completed', outcome: 'ok', targets: [a, c] },
      { ...common, at: 6, event: 'rolled-back', outcome: 'apply-failed', targets: [b] },
      { ...common, at: 7, event: 'failed', outcome: 'broken-chain', targets: [d] },
    ]);
  });

  it('[AUDIT-3] failed, and rolled back where the version before runs on', async () => {
    const { client } = await stack.runtime();
    const restored = await push(cart);
    const lost = await push(till);
    const refused = await push('/shop/src/third.ts');
    client.fail(restored.pushGuid, restored.statement, problemOf('apply-failed', { detail: 'It threw.' }));
    client.fail(
      lost.pushGuid,
      lost.statement,
      problemOf('apply-failed', { detail: `It threw. ${notRestored}: no` }),
    );
    client.fail(refused.pushGuid, refused.statement, problemOf('broken-chain'));
    await expect.poll(() => rowsOf(refused, 'failed')).toHaveLength(1);
    expect(await rowsOf(restored)).toMatchObject([
      { event: 'accepted' },
      { event: 'rolled-back', outcome: 'apply-failed' },
    ]);
    expect(await rowsOf(lost)).toMatchObject([
      { event: 'accepted' },
      { event: 'failed', outcome: 'apply-failed' },
    ]);
    expect(await rowsOf(refused)).toMatchObject([{}, { event: 'failed', outcome: 'broken-chain' }]);
  });

  it('refused, with the kind of the problem and nothing of what was sent', async () => {
    await stack.runtime();
    const forbidden = await patchPush(sender.login, [{ resource: '/blog/src/a.ts', text: 'a secret text' }]);
    expect(await sender.client.push(forbidden.envelope)).toMatchObject({ status: false });
    await sender.client.ask('dev-sync-init', { pushData: { pushGuid: 'x'.repeat(100), statement: 7 } });
    await expect
      .poll(() => rowsOf(forbidden, 'refused'))
      .toMatchObject([
        { who: who(), outcome: 'forbidden', digest: forbidden.statement, resources: ['/blog/src/a.ts'] },
      ]);
    const garbage = (await rows()).filter(
      ({ event, pushGuid }) => event === 'refused' && pushGuid === undefined,
    );
    expect(garbage).toMatchObject([{ who: who(), outcome: 'invalid-envelope' }]);
    const text = JSON.stringify((await pageAfter()).rows);
    expect(text).not.toContain('a secret text');
    expect(text).not.toContain(sender.login.token);
    expect(text).not.toContain(sender.login.certificate);
  });

  it('expired and superseded', async () => {
    const login = stack.authority.runtime();
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const first = await push();
    await push(cart, first);
    const short = await noticePush(sender.login, 'short', { deliverBy: Date.now() + 20_000 });
    await sender.client.push(short.envelope);
    await stack.join(login);
    await expect
      .poll(() => rowsOf(first, 'superseded'))
      .toMatchObject([{ outcome: 'ok', targets: [login.session.runtime.guid] }]);
    const late = stack.authority.runtime({ module: 'blog' });
    expect(late.session.kind).toBe('runtime');
    clock.advance(31_000);
    await expect.poll(() => rowsOf(short, 'expired')).toMatchObject([{ outcome: 'expired', who: who() }]);
  });

  it('retries that were refused as a whole, whatever for', async () => {
    const runtime = await stack.runtime();
    const signed = await push();
    await runtime.client.apply(signed.statement);
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    const stranger = await stack.sender({ grants: [] });
    for (const [{ client, login }, outcome] of [
      [observer, 'forbidden'],
      [stranger, 'not-found'],
    ] as const) {
      const { pushGuid } = signed;
      expect(await client.ask('retry-push', { pushGuid, stages: ['failed'] })).toMatchObject({
        status: false,
        error: { kind: outcome },
      });
      const { subject, id } = login.session;
      await expect
        .poll(async () => (await rowsOf(signed, 'retried')).at(-1))
        .toMatchObject({ outcome, who: { subject, session: id } });
    }
  });

  it('pushes under an event that nobody registered', async () => {
    const signed = await noticePush(sender.login, 'hello');
    expect(await sender.client.ask('no-such-trigger', signed.envelope)).toMatchObject({
      error: { kind: 'unknown-trigger' },
    });
    await expect
      .poll(() => rowsOf(signed, 'refused'))
      .toMatchObject([{ outcome: 'unknown-trigger', who: who(), digest: signed.statement }]);
  });

  it('pushes that were refused unread: ten rows a minute of each session, and the number of the rest', async () => {
    const journal = await openSqliteJournal(':memory:', { node: 'relay-1' });
    const limited = await Stack.start({ clock, journal, rate: { perSecond: 0.001, burst: 5 } });
    const [{ client, login }, other] = [await limited.sender(), await limited.sender()];
    const refused = async (): Promise<AuditRow[]> =>
      (await journal.audit.rows(undefined, 100))
        .map((text) => JSON.parse(text) as AuditRow)
        .filter(({ event, outcome }) => event === 'refused' && outcome !== 'no-recipients');
    const tooLarge = { m: 'x'.repeat(9 * 1024 * 1024) };
    expect(await other.client.ask('notify', tooLarge)).toMatchObject({
      error: { kind: 'too-large' },
    });
    expect(await other.client.ask('get-heads', tooLarge)).toMatchObject({ error: { kind: 'too-large' } });
    const pushes = await Promise.all(Array.from({ length: 30 }, () => noticePush(login, 'x')));
    for (const { envelope } of pushes) await client.push(envelope);
    await expect.poll(async () => (await refused()).length).toBe(11);
    clock.advance(60_000);
    const own = (some: readonly AuditRow[], { session }: SigningLogin): AuditRow[] =>
      some.filter((row) => row.who?.session === session.id);
    let rowsThere: AuditRow[] = [];
    await expect.poll(async () => (rowsThere = await refused()).length).toBe(12);
    expect(own(rowsThere, other.login)).toMatchObject([{ outcome: 'too-large' }]);
    const told = own(rowsThere, login);
    expect(told.slice(0, 10).map(({ outcome, pushGuid }) => [outcome, pushGuid])).toEqual(
      pushes.slice(5, 15).map(({ pushGuid }) => ['rate-limited', pushGuid]),
    );
    expect(told[10]).toMatchObject({ detail: '15 more were refused within a minute.' });
  });

  it('what failed at a runtime that was sent it as the state that it lacked', async () => {
    const there = await stack.runtime();
    const signed = await push();
    await there.client.apply(signed.statement);
    const late = await stack.runtime();
    await late.client.next('apply-runtime-patch');
    const problem = problemOf('apply-failed', { detail: 'It does not parse.' });
    late.client.fail(signed.pushGuid, signed.statement, problem);
    await expect
      .poll(() => rowsOf(signed, 'rolled-back'))
      .toMatchObject([{ outcome: 'apply-failed', targets: [late.recipient], digest: signed.statement }]);
    late.client.fail(signed.pushGuid, signed.statement, problem);
    await late.client.until('problem');
    expect(await rowsOf(signed, 'rolled-back')).toHaveLength(1);
  });

  it('retried, by whom and with what outcome', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push();
    await client.next('apply-runtime-patch');
    client.fail(signed.pushGuid, signed.statement, problemOf('apply-failed'));
    await sender.client.until('push-msg-failed');
    const blind = await stack.sender({ grants: [{ prefix: cart, environments: ['*'] }] });
    await blind.client.ask('retry-push', {
      pushGuid: signed.pushGuid,
      stages: ['failed'],
      recipients: ['unknown'],
    });
    await blind.client.ask('retry-push', { pushGuid: signed.pushGuid, stages: ['failed'] });
    const by = { subject: blind.login.session.subject, session: blind.login.session.id };
    await expect
      .poll(() => rowsOf(signed, 'retried'))
      .toMatchObject([
        { who: by, outcome: 'not-found', targets: [], detail: '1 that are no recipients.' },
        { who: by, outcome: 'ok', targets: [recipient], digest: signed.statement },
      ]);
  });

  it('policies, those that were refused as well', async () => {
    await stack.runtime();
    await sender.client.ask('set-policy', { target: shop, hold: true });
    await sender.client.ask('set-policy', { target: { user: 4 }, hold: true });
    await expect
      .poll(async () => (await rows()).filter(({ event }) => event === 'policy'))
      .toMatchObject([
        {
          who: who(),
          outcome: 'ok',
          targets: ['select:["shop","development",[]]'],
          detail: '{"hold":true,"silent":false,"mode":"hybrid"}',
        },
        { who: who(), outcome: 'forbidden', targets: ['user:4'] },
      ]);
  });
});

describe('the audit of a relay', () => {
  /** Some of everything. */
  const activity = async (): Promise<void> => {
    const { client } = await stack.runtime();
    const first = await push();
    await client.apply(first.statement);
    const second = await push(cart, first);
    await client.until<ICdPushEnvelop>('apply-runtime-patch');
    client.fail(second.pushGuid, second.statement, problemOf('apply-failed'));
    await sender.client.until('push-msg-failed');
    await sender.client.ask('retry-push', { pushGuid: second.pushGuid, stages: ['failed'] });
    await sender.client.ask('set-policy', { target: shop, silent: true });
    await sender.client.push((await patchPush(sender.login, [{ resource: '/blog/a.ts' }])).envelope);
    await expect.poll(async () => (await rows()).some(({ event }) => event === 'refused')).toBe(true);
  };

  it('is one chain that verifies against the heads of the answer', async () => {
    await activity();
    const { rows: texts, more, heads } = await pageAfter();
    expect(more).toBe(false);
    const opened = await Promise.all(heads.map((head) => openAuditHead(head, root)));
    const known = opened.flatMap((one) => (one.ok ? [one.value] : []));
    expect(known).toHaveLength(1);
    expect(await verifyAudit(texts, { heads: known })).toMatchObject({
      faults: [],
      chains: [{ kind: 'proven' }],
    });
    const cut = await verifyAudit(texts.slice(0, -1), { heads: known });
    expect(cut.faults).toMatchObject([{ kind: 'truncated' }]);
    const edited = texts.with(1, texts[1]!.replace('"ok"', '"no"'));
    expect((await verifyAudit(edited, { heads: known })).faults).toMatchObject([{ kind: 'edited' }]);
  });

  it('[AUDIT-2] no row is larger than a page, whatever was named: recipients that are none are counted', async () => {
    const runtime = await stack.runtime();
    const signed = await push();
    await runtime.client.apply(signed.statement);
    await expect.poll(() => rowsOf(signed, 'completed')).toHaveLength(1);
    const invented = Array.from({ length: 9_998 }, (_, index) => String(index).padEnd(640, 'z'));
    const recipients = [runtime.recipient, runtime.recipient, ...invented];
    await sender.client.ask('retry-push', { pushGuid: signed.pushGuid, stages: ['failed'], recipients });
    await expect.poll(() => rowsOf(signed, 'retried')).toHaveLength(2);
    const retried = await rowsOf(signed, 'retried');
    expect(retried.find(({ outcome }) => outcome === 'not-found')).toMatchObject({
      targets: [],
      detail: '9998 that are no recipients.',
    });
    expect(retried.find(({ outcome }) => outcome === 'conflict')).toMatchObject({
      targets: [runtime.recipient],
    });
  });

  it('[AUDIT-2] of more files and targets than a row has room for the number of the rest is told', async () => {
    const path = 'x'.repeat(500);
    const resources = Array.from({ length: 300 }, (_, index) => `/shop/${path}/${index}.ts`);
    const facts = { pushGuid: 'g', digest: 'd', sender: who(), acceptedAt: 1 } as unknown as PushFacts;
    const recipients = Array.from({ length: 10_000 }, (_, index) =>
      branded<RecipientId>(String(index).padEnd(640, 'z')),
    );
    const wide = {
      ...facts,
      recipients,
      signed: { patches: resources.map((resource) => ({ resource })) },
    } as unknown as PushFacts;
    const accepted = auditRows.accepted(wide as never);
    expect(accepted.resources).toEqual(resources);
    expect(accepted.targets).toEqual(recipients.slice(0, accepted.targets?.length));
    expect(accepted.detail).toBe(`And ${10_000 - (accepted.targets?.length ?? 0)} more targets.`);
    expect(JSON.stringify(accepted).length).toBeLessThan(2 * 1024 * 1024);
    const usual = recipients.map((_, index) => branded<RecipientId>(`${crypto.randomUUID()}#${index}`));
    expect(auditRows.accepted({ ...wide, recipients: usual } as never).targets).toHaveLength(10_000);
  });

  it('[AUDIT-5] is had page by page', async () => {
    await activity();
    const whole = (await pageAfter()).rows;
    const paged: string[] = [];
    let after: { node: string; sequence: number } | undefined;
    for (let more = true; more;) {
      const page = await pageAfter({ limit: 2, ...(after === undefined ? {} : { after }) });
      expect(page.rows.length).toBeLessThanOrEqual(2);
      paged.push(...page.rows);
      ({ more } = page);
      const { node, sequence } = JSON.parse(page.rows.at(-1)!) as AuditRow;
      after = { node, sequence };
    }
    expect(paged).toEqual(whole);
  });

  it('[AUDIT-4] signs no head of a row that a loss of power could take back', async () => {
    const journal = await openSqliteJournal(':memory:', { node: 'relay-1' });
    const settled: number[] = [];
    const { audit } = journal;
    const watched = {
      ...audit,
      settle: async () => {
        const [own] = await audit.heads(1);
        await audit.settle();
        settled.push(own?.sequence ?? 0);
      },
    };
    const other = await Stack.start({ journal: { ...journal, audit: watched } });
    const client = (await other.sender({ roles: ['admin'], grants: [] })).client;
    await client.ask('no-such-trigger', {});
    const answer = await client.ask<Answer<GetAuditAnswer>>('get-audit', {});
    if (!answer.status) throw new Error(JSON.stringify(answer.error));
    const [head] = answer.heads;
    const keys = [other.authority.issuerKey.publicKey];
    const opened = await openAuditHead(head!, { ...root, keys });
    expect(opened).toMatchObject({ ok: true, value: { sequence: expect.any(Number) } });
    expect(settled.at(-1)).toBeGreaterThanOrEqual(opened.ok ? opened.value.sequence : Infinity);
  });

  it('[AUDIT-5] is for admins alone', async () => {
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    for (const client of [sender.client, observer.client])
      expect(await client.ask('get-audit', {})).toMatchObject({
        status: false,
        error: { kind: 'forbidden' },
      });
    expect(await admin.ask('get-audit', { after: { node: '', sequence: 0 } })).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: '/after/node' },
    });
  });

  it('[AUDIT-4] says where its chains stand a minute after something was written, to runtimes and observers', async () => {
    const runtime = await stack.runtime();
    // Where it stood when the relay began is told from the first moment on.
    const [begun] = await Promise.all(runtime.welcome.auditHeads.map((head) => openAuditHead(head, root)));
    expect(begun).toMatchObject({ ok: true, value: { tenant, sequence: 1 } });
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    expect(await observer.client.ask('observe', {})).toMatchObject({ auditHeads: [{}] });
    await push();
    await runtime.client.next('apply-runtime-patch');
    // That it was pushed is the last that is written of it.
    await sender.client.until('push-msg-pushed');
    expect((await rows()).some(({ event }) => event === 'heads')).toBe(false);
    clock.advance(60_000);
    for (const { client } of [runtime, observer]) {
      const { heads } = await client.until<AuditHeads>('audit-heads');
      const [opened] = await Promise.all(heads.map((head) => openAuditHead(head, root)));
      expect(opened).toMatchObject({ ok: true, value: { tenant } });
    }
    const told = (await rows()).filter(({ event }) => event === 'heads');
    expect(told).toMatchObject([{ who: null, outcome: 'ok', heads: [{ sequence: expect.any(Number) }] }]);
    // Nothing was written since but that row itself.
    clock.advance(180_000);
    expect((await rows()).filter(({ event }) => event === 'heads')).toHaveLength(1);
    const late = await stack.runtime();
    expect(late.welcome.auditHeads).toHaveLength(1);
    expect(await observer.client.ask('observe', {})).toMatchObject({ auditHeads: [{}] });
  });
});
