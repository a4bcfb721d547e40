import { describe, expect, test } from 'vitest';

import { memoryOutbox } from '../src/outbox/memory-outbox.ts';
import { outboxContract } from '../src/outbox/outbox-contract.ts';
import { isOutboxEntry } from '../src/outbox/outbox.ts';
import { put, SenderWorld } from './support/sender-world.ts';

describe('the outbox in memory', () => {
  // Memory is gone with the outbox.
  const rules = outboxContract.filter(({ lasting }) => !lasting);
  test.each(rules)('$title', async (rule) => {
    await expect(rule.run({ open: memoryOutbox })).resolves.toBeUndefined();
  });
});

test('an entry is understood as it comes back from a place that keeps JSON, and nothing else is', async () => {
  await using world = await SenderWorld.start();
  world.publisher.push(put('one'));
  await world.nth(0);
  const [entry] = await world.outbox.claim();
  const copy = JSON.parse(JSON.stringify(entry)) as NonNullable<typeof entry>;
  expect(isOutboxEntry(copy)).toBe(true);
  expect(isOutboxEntry({ ...copy, signed: null })).toBe(true);
  const { statement, envelope } = copy;
  const others = [
    undefined,
    null,
    'text',
    [],
    {},
    { ...copy, pushGuid: '00000000-0000-4000-8000-000000000001' },
    { ...copy, order: 1.5 },
    { ...copy, statement: { ...statement, kind: 'other' } },
    { ...copy, statement: { ...statement, pushGuid: '00000000-0000-4000-8000-000000000001' } },
    { ...copy, envelope: { ...envelope, pushData: null } },
    { ...copy, signed: undefined },
    { ...copy, signed: { session: 's', digests: [1] } },
  ];
  expect(others.filter(isOutboxEntry)).toEqual([]);
});
