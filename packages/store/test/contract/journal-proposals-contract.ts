import { randomUUID } from 'node:crypto';

import { epochMs, freshCommTrack, type AuditEntry, type ICdPushEnvelop } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, KeptApproval, NewProposal, Proposal } from '../../src/index.ts';
import type { OpenJournal } from './journal-samples.ts';

const ada = { subject: 'user-1', session: 'session-1', user: { id: 1, guid: 'guid-1', name: 'ada' } };

const entry = (event: AuditEntry['event']): AuditEntry => ({
  at: epochMs(1_000),
  event,
  who: { subject: 'user-1', session: null },
  outcome: 'ok',
});

const envelope = (pushGuid: string): ICdPushEnvelop => ({
  pushData: {
    pushGuid,
    pushRecepients: [],
    triggerEvent: 'cli',
    emittEvent: 'apply-runtime-patch',
    commTrack: freshCommTrack(epochMs(1_000)),
    contents: [{ encoding: 'text', text: 'what it brings' }],
  },
  req: null,
  resp: null,
});

const made = (more: Partial<Proposal> = {}, uploads: readonly string[] = []): NewProposal => {
  const pushGuid = more.pushGuid ?? randomUUID();
  return {
    proposal: {
      tenant: 'acme',
      pushGuid,
      digest: `sha256-${'A'.repeat(43)}`,
      environment: 'production',
      kind: 'patch',
      patches: [],
      modules: ['shop'],
      sender: ada,
      asking: [],
      proposedAt: epochMs(1_000),
      expiresAt: epochMs(5_000),
      ...more,
    },
    standing: { state: 'waiting', required: 1, approvals: [] },
    envelope: envelope(pushGuid),
    uploads,
    audit: entry('proposed'),
  };
};

const approval: KeptApproval = {
  approval: 'a.b.c',
  certificate: 'd.e.f',
  subject: 'user-2',
  user: { id: 2, guid: 'guid-2', name: 'bob' },
  at: epochMs(2_000),
};

/** What every journal holds to about pushes that wait for approvals. */
export const journalProposalsContract = (open: OpenJournal): void => {
  describe('proposals in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const auditEvents = async (): Promise<string[]> =>
      (await journal.audit.rows({ node: '', sequence: 0 }, 100)).map(
        (row) => (JSON.parse(row) as { readonly event: string }).event,
      );

    test('are kept with what they bring, a guid once, each tenant’s for itself', async () => {
      const one = made();
      const { pushGuid } = one.proposal;
      expect(await journal.proposals.put(one)).toBeUndefined();
      const kept = { proposal: one.proposal, standing: one.standing };
      expect(await journal.proposals.find('acme', pushGuid)).toEqual(kept);
      expect(await journal.proposals.envelope('acme', pushGuid)).toEqual(one.envelope);
      const other = made({ pushGuid, digest: `sha256-${'B'.repeat(43)}` });
      expect(await journal.proposals.put(other)).toEqual(kept);
      expect(await journal.proposals.find('globex', pushGuid)).toBeUndefined();
      expect(await journal.proposals.put(made({ pushGuid, tenant: 'globex' }))).toBeUndefined();
      expect((await auditEvents()).filter((event) => event === 'proposed')).toHaveLength(2);
    });

    test('are listed by pages, the latest first, also those of one millisecond', async () => {
      const all = [1, 2, 2, 2, 3].map((at) => made({ proposedAt: epochMs(at) }));
      for (const one of all) await journal.proposals.put(one);
      await journal.proposals.put(made({ tenant: 'globex' }));
      const guids: string[] = [];
      for (let after: Proposal | undefined; ;) {
        const page = await journal.proposals.list('acme', after, 2);
        guids.push(...page.map(({ proposal }) => proposal.pushGuid));
        after = page.at(-1)?.proposal;
        if (page.length < 2) break;
      }
      const expected = all
        .map(({ proposal }) => proposal)
        .toSorted((a, b) => b.proposedAt - a.proposedAt || (a.pushGuid < b.pushGuid ? 1 : -1));
      expect(guids).toEqual(expected.map(({ pushGuid }) => pushGuid));
    });

    test('change in one commit with the row that tells it, and let go of what they bring at their end', async () => {
      const one = made();
      const { pushGuid } = one.proposal;
      await journal.proposals.put(one);
      const approved = { ...one.standing, approvals: [approval] };
      const change = await journal.proposals.change('acme', pushGuid, () => ({
        standing: approved,
        audit: entry('approved'),
      }));
      expect(change).toEqual({ proposal: one.proposal, standing: approved });
      expect(await journal.proposals.change('acme', pushGuid, () => undefined)).toEqual(change);
      expect(await journal.proposals.envelope('acme', pushGuid)).toBeDefined();
      await journal.proposals.change('acme', pushGuid, ({ standing }) => ({
        standing: { ...standing, state: 'accepted' },
      }));
      expect(await journal.proposals.envelope('acme', pushGuid)).toBeUndefined();
      expect(await journal.proposals.find('acme', pushGuid)).toMatchObject({
        standing: { state: 'accepted', approvals: [approval] },
      });
      expect(await journal.proposals.change('globex', pushGuid, () => undefined)).toBeUndefined();
      expect(await auditEvents()).toEqual(['opened', 'proposed', 'approved']);
    });

    test('changes that come at once come one after the other', async () => {
      const one = made();
      await journal.proposals.put(one);
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          journal.proposals.change('acme', one.proposal.pushGuid, ({ standing }) => ({
            standing: {
              ...standing,
              approvals: [...standing.approvals, { ...approval, subject: `user-${index}` }],
            },
          })),
        ),
      );
      const kept = await journal.proposals.find('acme', one.proposal.pushGuid);
      expect(new Set(kept?.standing.approvals.map(({ subject }) => subject)).size).toBe(8);
    });

    test('what waits of one person is counted', async () => {
      const [one, two] = [made(), made()];
      for (const each of [one, two, made({ sender: { ...ada, subject: 'user-9' } })])
        await journal.proposals.put(each);
      await journal.proposals.put(made({ expiresAt: epochMs(2_000) }));
      const bytes = JSON.stringify(one.envelope).length;
      const at = epochMs(2_000);
      expect(await journal.proposals.openOf('acme', 'user-1', at)).toEqual({ count: 2, bytes: 2 * bytes });
      await journal.proposals.change('acme', two.proposal.pushGuid, ({ standing }) => ({
        standing: { ...standing, state: 'withdrawn' },
      }));
      expect(await journal.proposals.openOf('acme', 'user-1', at)).toEqual({ count: 1, bytes });
      expect(await journal.proposals.openOf('acme', 'nobody', at)).toEqual({ count: 0, bytes: 0 });
    });

    test('what its proposer has put beforehand stays for as long as it may wait', async () => {
      const prune = (contentsBefore: number): Promise<void> =>
        journal.prune({
          pushesBefore: epochMs(0),
          versions: 0,
          statementsBefore: epochMs(0),
          auditBefore: epochMs(0),
          contentsBefore: epochMs(contentsBefore),
          editsBefore: epochMs(0),
        });
      const put = (digest: string): Promise<void> =>
        journal.putContent('acme', { digest, body: 'large' }, { subject: 'user-1', at: epochMs(1_000) });
      await put('sha256-one');
      await put('sha256-two');
      await journal.proposals.put(made({}, ['sha256-one']));
      await prune(4_000);
      expect([...(await journal.uploads('acme', 'user-1')).keys()]).toEqual(['sha256-one']);
      await prune(6_000);
      expect(await journal.uploads('acme', 'user-1')).toEqual(new Map());
    });

    test('they are let go of when they are old, and what they bring when their time is over', async () => {
      const never = Number.MAX_SAFE_INTEGER;
      const [old, young] = [made({ expiresAt: epochMs(1_500) }), made({ expiresAt: epochMs(3_000) })];
      const waiting = made({ expiresAt: epochMs(never) });
      for (const one of [old, young, waiting]) await journal.proposals.put(one);
      await journal.prune({
        pushesBefore: epochMs(0),
        versions: 0,
        statementsBefore: epochMs(0),
        auditBefore: epochMs(0),
        contentsBefore: epochMs(0),
        editsBefore: epochMs(2_000),
      });
      const find = ({ proposal: { pushGuid } }: NewProposal) => journal.proposals.find('acme', pushGuid);
      const bring = ({ proposal: { pushGuid } }: NewProposal) => journal.proposals.envelope('acme', pushGuid);
      expect(await find(old)).toBeUndefined();
      expect(await find(young)).toBeDefined();
      expect(await bring(young)).toBeUndefined();
      expect(await bring(waiting)).toBeDefined();
    });
  });
};
