import { epochMs, type ICdPushEnvelop } from '@cd-push/protocol';
import { describe, expect, it } from 'vitest';

import type { AcceptedPush } from '../src/journal/tracked-push.ts';
import { MemoryJournal } from '../src/journal/memory-journal.ts';
import { journalPush } from '../src/line/journal.ts';
import { accepted, journalContract, recipient } from './journal-contract.ts';
import { KeptLog } from './support/stack.ts';

journalContract('MemoryJournal', async () => new MemoryJournal());

it('holds no more settled pushes than its bound, however fresh they are', async () => {
  const journal = new MemoryJournal();
  const guids: string[] = [];
  for (let count = 0; count < 20_010; count += 1) {
    const push = accepted([], { carries: 'notice' });
    guids.push(push.pushGuid);
    const appended = await journal.append(push);
    if (appended.outcome !== 'appended') throw new Error(appended.outcome);
    const move = appended.push.move(recipient('a'), 1, { type: 'completed', at: epochMs(2_000) });
    if (move.outcome === 'advanced') journal.record(appended.push, move.recipient, move.track);
  }
  journal.tidy(epochMs(2_000));
  const known = await Promise.all(guids.map((guid) => journal.find('acme', guid)));
  expect(known.filter((push) => push !== undefined)).toHaveLength(20_000);
});

describe('what a journal in memory holds', () => {
  const notice = (m: string, more: Partial<AcceptedPush> = {}) => {
    const push = accepted([], { carries: 'notice', ...more });
    const { envelope } = push.body;
    return {
      ...push,
      body: { envelope: { ...envelope, pushData: { ...envelope.pushData, m } }, contents: [] },
    };
  };
  const by = (subject: string): Partial<AcceptedPush> => ({ sender: { subject, session: subject } });
  const text = 'x'.repeat(100_000);
  const version = (resource: string, at: number, predecessor: string | null, content: string, more = {}) => {
    const head = { resource, version: at, predecessor, digest: `digest-${at}`, bytes: 1 };
    return accepted([{ ...head, componentType: 'module', change: 'put' }], {
      body: { ...accepted([]).body, contents: [{ encoding: 'text', text: content }] },
      ...more,
    });
  };

  it('is no more than its capacity, and less again when something is settled', async () => {
    const journal = new MemoryJournal(1_000_000);
    const first = await journal.append(notice(text, by('a')));
    await journal.append(notice(text, by('a')));
    await expect(journal.append(notice(text, by('a')))).rejects.toThrow('sender');
    if (first.outcome !== 'appended') throw new Error(first.outcome);
    const move = first.push.move(recipient('a'), 1, { type: 'completed', at: epochMs(2_000) });
    if (move.outcome === 'advanced') journal.record(first.push, move.recipient, move.track);
    expect(await journal.append(notice(text, by('a')))).toMatchObject({ outcome: 'appended' });
  });

  it.each([
    ['the request', { req: { ctx: 'a', m: 'a', c: 'a', a: 'a', dat: { f_vals: [] }, args: text } }],
    [
      'many small values',
      {
        req: {
          ctx: 'a',
          m: 'a',
          c: 'a',
          a: 'a',
          dat: { f_vals: [] },
          args: Array.from({ length: 2_000 }, () => []),
        },
      },
    ],
    [
      'the response',
      { resp: { app_state: { success: true, info: null, sess: null, cache: null }, data: text } },
    ],
  ])('counts %s', async (_, members) => {
    const journal = new MemoryJournal(400_000);
    const push = accepted([], { carries: 'notice' });
    const body = { ...push.body, envelope: { ...push.body.envelope, ...members } as ICdPushEnvelop };
    await expect(journal.append({ ...push, body })).rejects.toThrow('sender');
  });

  it.each<[string, Partial<AcceptedPush>]>([
    ['the statement', { signed: { statement: text, certificate: '', session: 's', patches: [] } }],
    ['recipients', { recipients: Array.from({ length: 400 }, (_, index) => recipient(`r${index}`)) }],
  ])('counts %s, for as long as the push is known', async (_, facts) => {
    const journal = new MemoryJournal(800_000);
    const push = accepted([], { carries: 'notice', ...facts });
    const statement = push.signed?.statement ?? '';
    const { envelope } = push.body;
    const body = { ...push.body, envelope: { ...envelope, pushData: { ...envelope.pushData, statement } } };
    const appended = await journal.append({ ...push, body });
    if (appended.outcome !== 'appended') throw new Error(appended.outcome);
    for (const one of push.recipients) {
      const move = appended.push.move(one, 1, { type: 'completed', at: epochMs(2_000) });
      if (move.outcome === 'advanced') journal.record(appended.push, move.recipient, move.track);
    }
    const next = { ...accepted([], { carries: 'notice', ...facts }), body };
    await expect(journal.append(next)).rejects.toThrow('sender');
    // A message could be replayed for two minutes after it was accepted; then it may be forgotten.
    const later = { ...next, acceptedAt: epochMs(2_000 + 120_000) };
    expect(await journal.append(later)).toMatchObject({ outcome: 'appended' });
    expect(await journal.find('acme', push.pushGuid)).toBeUndefined();
  });

  it('is not filled by one sender, nor for one environment: others’ pushes are still taken', async () => {
    const journal = new MemoryJournal(1_000_000);
    const fill = async (subject: string): Promise<string> => {
      for (;;) {
        try {
          await journal.append(notice(text, by(subject)));
        } catch (error) {
          return String(error);
        }
      }
    };
    expect(await fill('a')).toContain('sender');
    expect(await fill('b')).toContain('sender');
    expect(await fill('c')).toContain('environment');
    const production = { environment: 'production', ...by('d') };
    expect(await journal.append(notice(text, production))).toMatchObject({ outcome: 'appended' });
  });

  it('takes what makes room: a full share is emptied by deleting', async () => {
    const journal = new MemoryJournal(600_000);
    await journal.append(version('/shop/a', 1, null, text));
    await expect(journal.append(version('/shop/b', 2, null, text))).rejects.toThrow('sender');
    expect(await journal.append(version('/shop/a', 3, 'digest-1', ''))).toMatchObject({
      outcome: 'appended',
    });
    expect(await journal.append(version('/shop/b', 4, null, text))).toMatchObject({ outcome: 'appended' });
  });

  it('is a bounded history: the oldest steps go, whosever they are', async () => {
    const journal = new MemoryJournal(4_000_000);
    const signed = (push: AcceptedPush): AcceptedPush => ({
      ...push,
      acceptedAt: epochMs(push.signed?.patches[0]?.version ?? 0),
      signed: { statement: text, certificate: '', session: 's', patches: push.signed?.patches ?? [] },
    });
    let predecessor: string | null = null;
    for (let at = 1; at <= 20; at += 1) {
      const appended = await journal.append(signed(version('/shop/a', at * 10_000, predecessor, 'x')));
      if (appended.outcome !== 'appended') throw new Error(appended.outcome);
      const move = appended.push.move(recipient('a'), 1, { type: 'completed', at: epochMs(at * 10_000) });
      if (move.outcome === 'advanced') journal.record(appended.push, move.recipient, move.track);
      predecessor = `digest-${at * 10_000}`;
    }
    const steps = await journal.history({ tenant: 'acme', environment: 'development' }, '/shop/a');
    expect(steps.map(({ version: kept }) => kept)).toEqual([160_000, 170_000, 180_000, 190_000]);
  });
});

it('a journal that takes no push makes the line say so, and that a retry may work', async () => {
  const kept = new KeptLog();
  const refused = await journalPush(accepted([]), new MemoryJournal(-1), kept);
  expect(refused).toMatchObject({ ok: false, problem: { kind: 'journal-unavailable', retryable: true } });
  expect(kept.lines.join()).toContain('The journal took no push.');
});
