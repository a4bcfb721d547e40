import { branded, recipientIdOf, type RecipientId, type ResourceGuid } from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { expect, it, onTestFinished } from 'vitest';

import { auditRows } from '../src/audit/entries.ts';
import { findPushes } from '../src/queries/find-pushes.ts';
import { nothing, noticeTo } from './support/accepted.ts';

const recipientOf = (runtime: string): RecipientId => recipientIdOf(branded<ResourceGuid>(runtime), 'one');

it('[OBSERVE-8] a push of one recipient is found behind thousands of others, and they are counted in', async () => {
  const store = await openSqliteJournal(':memory:', { node: 'relay-1' });
  onTestFinished(() => store.close());
  const offer = (...runtimes: readonly string[]) =>
    store.commit({
      ...nothing,
      offers: runtimes.map((runtime) => {
        const push = noticeTo([recipientOf(runtime)]);
        return { push, audit: auditRows.accepted(push) };
      }),
    });
  await offer('seldom');
  for (let group = 0; group < 5; group += 1) await offer(...Array.from({ length: 500 }, () => 'often'));

  const all = { sees: () => true, fits: () => true };
  const of = (recipient: string) => findPushes({ tenant: 'acme', recipient, limit: 3 }, all, { store });
  const seldom = await of('seldom');
  expect(seldom.pushes.map(({ offset }) => offset)).toEqual([1]);
  expect(seldom.next).toBeUndefined();
  expect(seldom.rows).toBeGreaterThan(200);

  const often = await of('often');
  expect(often.pushes.map(({ offset }) => offset)).toEqual([2_501, 2_500, 2_499]);
  expect(often.next).toBe(2_499);
  expect(await of('never')).toMatchObject({ pushes: [], next: undefined });
});
