import {
  epochMs,
  recipientIdOf,
  branded,
  freshCommTrack,
  type PatchHead,
  type RecipientId,
  type ResourceGuid,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Journal } from '../src/journal/journal.ts';
import type { AcceptedPush, TrackedPush } from '../src/journal/tracked-push.ts';

export const recipient = (guid: string, instance?: string): RecipientId =>
  recipientIdOf(branded<ResourceGuid>(guid), instance);

const patch = (
  resource: string,
  version: number,
  predecessor: string | null,
  more: Partial<PatchHead> = {},
): PatchHead =>
  ({
    resource,
    componentType: 'module',
    change: 'put',
    version,
    predecessor,
    digest: `digest-${version}`,
    bytes: 1,
    ...more,
  }) as PatchHead;

export const accepted = (patches: readonly PatchHead[], more: Partial<AcceptedPush> = {}): AcceptedPush => ({
  tenant: 'acme',
  pushGuid: crypto.randomUUID(),
  digest: 'statement-digest',
  carries: 'patch',
  trigger: 'dev-sync-init',
  emits: 'apply-runtime-patch',
  environment: 'development',
  sender: { subject: 'user-1', session: 'session-1' },
  initTime: epochMs(1_000),
  acceptedAt: epochMs(1_000),
  deliverBy: epochMs(100_000),
  signed: {
    statement: `statement of ${patches.map(({ version }) => version).join()}`,
    certificate: 'c',
    session: 's',
    patches,
  },
  recipients: [recipient('a')],
  body: {
    envelope: {
      pushData: {
        pushGuid: 'g',
        pushRecepients: [],
        triggerEvent: 'dev-sync-init',
        emittEvent: 'apply-runtime-patch',
        commTrack: freshCommTrack(1_000),
      },
      req: null,
      resp: null,
    },
    contents: patches.map(({ version }) => ({ encoding: 'text', text: `text ${version}` })),
  },
  ...more,
});

/** What every journal holds to. */
export const journalContract = (name: string, openJournal: () => Promise<Journal>): void => {
  describe(`${name}, as a journal,`, () => {
    let journal: Journal;
    beforeEach(async () => {
      journal = await openJournal();
      return () => journal.close();
    });

    const place = { tenant: 'acme', environment: 'development' };
    const append = async (push: AcceptedPush): Promise<TrackedPush> => {
      const appended = await journal.append(push);
      if (appended.outcome !== 'appended') throw new Error(appended.outcome);
      return appended.push;
    };
    const settle = (push: TrackedPush, to: RecipientId, at = 2_000): void => {
      const move = push.move(to, 1, { type: 'completed', at: epochMs(at) });
      if (move.outcome === 'advanced') journal.record(push, move.recipient, move.track);
    };

    it('finds a push under its guid and tenant alone', async () => {
      const push = await append(accepted([patch('/shop/a', 1, null)]));
      const { pushGuid } = push.accepted;
      expect(await journal.find('acme', pushGuid)).toBe(push);
      expect(await journal.find('globex', pushGuid)).toBeUndefined();
      expect(await journal.find('acme', crypto.randomUUID())).toBeUndefined();
    });

    it('answers a guid that is there already with the push that has it, and changes no head', async () => {
      const first = accepted([patch('/shop/a', 1, null)]);
      const push = await append(first);
      const again = accepted([patch('/shop/a', 2, 'digest-1')], { pushGuid: first.pushGuid });
      expect(await journal.append(again)).toEqual({ outcome: 'repeated', push });
      expect(await journal.head(place, '/shop/a')).toMatchObject({ version: 1, digest: 'digest-1' });
    });

    it('lets one of two pushes at one head in', async () => {
      await append(accepted([patch('/shop/a', 1, null)]));
      const outcomes = await Promise.all(
        [2, 3].map((version) => journal.append(accepted([patch('/shop/a', version, 'digest-1')]))),
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['appended', 'misfit']);
      expect(outcomes[1]).toMatchObject({
        misfit: { index: 0, current: { version: 2, digest: 'digest-2' } },
      });
    });

    it('takes all patches of a push or none', async () => {
      await append(accepted([patch('/shop/a', 5, null)]));
      const mixed = accepted([patch('/shop/b', 6, null), patch('/shop/a', 4, 'digest-5')]);
      expect(await journal.append(mixed)).toMatchObject({ outcome: 'misfit', misfit: { index: 1 } });
      expect(await journal.head(place, '/shop/b')).toBeUndefined();
      expect(await journal.find('acme', mixed.pushGuid)).toBeUndefined();
    });

    it('keeps the heads of a module in the order of their acceptance, apart by tenant and environment', async () => {
      await append(accepted([patch('/shop/b', 1, null)]));
      await append(accepted([patch('/shop/a', 2, null)]));
      await append(accepted([patch('/bank/c', 3, null)]));
      await append(accepted([patch('/shop/d', 4, null)], { tenant: 'globex' }));
      await append(accepted([patch('/shop/e', 5, null)], { environment: 'staging' }));
      const heads = await journal.headsOf(place, 'shop');
      expect(heads.map(({ resource }) => resource)).toEqual(['/shop/b', '/shop/a']);
    });

    it('keeps the steps that led to a head, oldest first', async () => {
      await append(accepted([patch('/shop/a', 1, null)]));
      await append(accepted([patch('/shop/a', 2, 'digest-1')]));
      await append(accepted([patch('/shop/a', 3, 'digest-2')]));
      expect(await journal.history(place, '/shop/a')).toMatchObject([
        { version: 1, predecessor: null, statement: 'statement of 1' },
        { version: 2, predecessor: 'digest-1', statement: 'statement of 2' },
      ]);
      expect(await journal.head(place, '/shop/a')).toMatchObject({ version: 3, text: 'text 3' });
    });

    it('leaves nothing in place where a file was renamed away or deleted', async () => {
      await append(accepted([patch('/shop/a', 1, null)]));
      await append(accepted([patch('/shop/b', 2, 'digest-1', { change: 'rename', from: '/shop/a' })]));
      expect(await journal.head(place, '/shop/a')).toMatchObject({ version: 2, digest: null });
      expect(await journal.head(place, '/shop/b')).toMatchObject({ version: 2, digest: 'digest-2' });
      expect(await journal.misfit(place, [patch('/shop/a', 3, 'digest-1')])).toMatchObject({ index: 0 });
      expect(await journal.misfit(place, [patch('/shop/a', 3, null)])).toBeUndefined();
    });

    it('names the open pushes that a later one has overtaken in all their files, and lets go of their bodies', async () => {
      const both = await append(
        accepted([patch('/shop/a', 1, null), patch('/shop/b', 1, null, { digest: 'b-1' })]),
      );
      expect(await journal.append(accepted([patch('/shop/a', 2, 'digest-1')]))).toMatchObject({
        overtaken: [],
      });
      expect(both.body).toBeDefined();
      expect(await journal.append(accepted([patch('/shop/b', 2, 'b-1')]))).toMatchObject({
        overtaken: [both],
      });
      expect(both.body).toBeUndefined();
    });

    it('knows what is open for a recipient, and for its credential as a whole', async () => {
      const shared = await append(accepted([patch('/shop/a', 1, null)], { recipients: [recipient('r')] }));
      const own = await append(
        accepted([patch('/shop/b', 1, null)], { recipients: [recipient('r', 'one')] }),
      );
      await append(accepted([patch('/shop/c', 1, null)], { recipients: [recipient('r', 'two')] }));
      expect(await journal.openFor('acme', recipient('r', 'one'))).toEqual([shared, own]);
      settle(shared, recipient('r'));
      expect(await journal.openFor('acme', recipient('r', 'one'))).toEqual([own]);
      expect(await journal.openFor('globex', recipient('r', 'one'))).toEqual([]);
    });

    it('names what is overdue, once it is and while it is open', async () => {
      const push = await append(accepted([patch('/shop/a', 1, null)], { deliverBy: epochMs(5_000) }));
      expect(await journal.overdue(epochMs(4_999))).toEqual([]);
      expect(await journal.overdue(epochMs(5_000))).toEqual([push]);
      settle(push, recipient('a'));
      expect(await journal.overdue(epochMs(5_000))).toEqual([]);
    });

    it('keeps the body of a settled head, which a runtime that joins will need', async () => {
      const push = await append(accepted([patch('/shop/a', 1, null)]));
      settle(push, recipient('a'));
      journal.tidy(epochMs(10_000_000));
      expect((await journal.head(place, '/shop/a'))?.push.body).toBeDefined();
    });

    it('forgets settled pushes only when their time is over, and open ones never', async () => {
      const settled = await append(accepted([patch('/shop/a', 1, null)]));
      const open = await append(accepted([patch('/shop/b', 1, null)]));
      settle(settled, recipient('a'));
      journal.tidy(epochMs(60_000));
      expect(await journal.find('acme', settled.accepted.pushGuid)).toBe(settled);
      journal.tidy(epochMs(100 * 24 * 3_600_000));
      expect(await journal.find('acme', settled.accepted.pushGuid)).toBeUndefined();
      expect(await journal.find('acme', open.accepted.pushGuid)).toBe(open);
    });
  });
};
