import { epochMs } from '@cd-push/protocol';
import { expect, it } from 'vitest';

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

it('takes nothing more when it is full, and more again when something is settled', async () => {
  const journal = new MemoryJournal(30);
  const notice = (m: string) => {
    const push = accepted([], { carries: 'notice' });
    const { envelope } = push.body;
    return {
      ...push,
      body: { envelope: { ...envelope, pushData: { ...envelope.pushData, m } }, contents: [] },
    };
  };
  const first = await journal.append(notice('x'.repeat(20)));
  await expect(journal.append(notice('x'.repeat(20)))).rejects.toThrow('full');
  if (first.outcome !== 'appended') throw new Error(first.outcome);
  const move = first.push.move(recipient('a'), 1, { type: 'completed', at: epochMs(2_000) });
  if (move.outcome === 'advanced') journal.record(first.push, move.recipient, move.track);
  expect(await journal.append(notice('x'.repeat(20)))).toMatchObject({ outcome: 'appended' });
});

it('a journal that takes no push makes the line say so, and that a retry may work', async () => {
  const kept = new KeptLog();
  const refused = await journalPush(accepted([]), new MemoryJournal(-1), kept);
  expect(refused).toMatchObject({ ok: false, problem: { kind: 'journal-unavailable', retryable: true } });
  expect(kept.lines.join()).toContain('The journal took no push.');
});
