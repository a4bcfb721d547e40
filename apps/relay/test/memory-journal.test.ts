import { epochMs } from '@cd-push/protocol';
import { expect, it } from 'vitest';

import { MemoryJournal } from '../src/journal/memory-journal.ts';
import { accepted, journalContract, recipient } from './journal-contract.ts';

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
