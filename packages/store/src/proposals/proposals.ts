import { epochMs, type EpochMs, type ICdPushEnvelop } from '@cd-push/protocol';
import { sql } from 'kysely';

import type { AuditChains } from '../audit/audit-chains.ts';
import { readJson, writeJson } from '../journal/json-columns.ts';
import type { JournalRow } from '../journal/journal-row.ts';
import type { JournalStatements, JournalTables } from '../journal/tables.ts';
import type {
  KeptProposal,
  NewProposal,
  OpenProposals,
  ProposalChange,
  ProposalPlace,
} from '../ports/proposals.ts';
import { ask, tell, type Work } from '../statements/work.ts';

/** Keeps what waits for approvals. Whoever writes has the journal's row: over all processes one comes after the other. */
export interface ProposalWork {
  put(made: NewProposal): Work<KeptProposal | undefined>;
  find(tenant: string, guid: string): Work<KeptProposal | undefined>;
  envelope(tenant: string, guid: string): Work<ICdPushEnvelop | undefined>;
  list(tenant: string, after: ProposalPlace | undefined, limit: number): Work<KeptProposal[]>;
  openOf(tenant: string, subject: string, at: EpochMs): Work<OpenProposals>;
  change(
    tenant: string,
    guid: string,
    change: (kept: KeptProposal) => ProposalChange | undefined,
  ): Work<KeptProposal | undefined>;
  /** Lets go of those whose time was over before, and of what others bring whose time is over by now. */
  prune(before: EpochMs, at: EpochMs): Work<void>;
}

/** Of who begins at the latest. */
const beyondAll: ProposalPlace = { proposedAt: epochMs(Number.MAX_SAFE_INTEGER), pushGuid: '' };

export const proposalWork = (
  statements: JournalStatements,
  row: JournalRow,
  chains: AuditChains,
): ProposalWork => {
  const { tables } = statements;
  const named = { tenant: 'text', guid: 'text' } as const;
  const select = statements.one('proposal-select', named, (input) =>
    tables
      .selectFrom('proposals')
      .select(['proposal', 'standing'])
      .where('guid', '=', input.guid)
      .where('tenant', '=', input.tenant),
  );
  const selectEnvelope = statements.one('proposal-envelope', named, (input) =>
    tables
      .selectFrom('proposals')
      .select('envelope')
      .where('guid', '=', input.guid)
      .where('tenant', '=', input.tenant),
  );
  const selectPage = statements.one(
    'proposal-page',
    { tenant: 'text', at: 'integer', guid: 'text', limit: 'integer' },
    (input) =>
      tables
        .selectFrom('proposals')
        .select(['proposal', 'standing'])
        .where('tenant', '=', input.tenant)
        .where((proposal) =>
          proposal.or([
            proposal('proposed_at', '<', input.at),
            proposal.and([proposal('proposed_at', '=', input.at), proposal('guid', '<', input.guid)]),
          ]),
        )
        .orderBy('proposed_at', 'desc')
        .orderBy('guid', 'desc')
        .limit(input.limit),
  );
  const selectOpen = statements.one(
    'proposal-open',
    { tenant: 'text', subject: 'text', at: 'integer' },
    (input) =>
      tables
        .selectFrom('proposals')
        .select('size')
        .where('tenant', '=', input.tenant)
        .where('subject', '=', input.subject)
        .where('expires_at', '>', input.at)
        .where('waits', '=', sql.lit(1)),
  );
  const insert = statements.insertion('proposal-insert', 'proposals');
  const renewUploads = statements.each(
    'proposal-uploads',
    { tenant: 'text', subject: 'text', digest: 'text', at: 'integer' },
    (input) =>
      tables
        .updateTable('uploads')
        .from(input)
        .set((upload) => ({ at: upload.ref('input.at') }))
        .whereRef('uploads.tenant', '=', 'input.tenant')
        .whereRef('uploads.subject', '=', 'input.subject')
        .whereRef('uploads.digest', '=', 'input.digest'),
  );
  const setStanding = statements.one('proposal-change', { ...named, standing: 'text' }, (input) =>
    tables
      .updateTable('proposals')
      .set({ standing: input.standing })
      .where('guid', '=', input.guid)
      .where('tenant', '=', input.tenant),
  );
  const end = statements.one('proposal-end', named, (input) =>
    tables
      .updateTable('proposals')
      .set({ waits: sql.lit(0), envelope: sql.lit(null) })
      .where('guid', '=', input.guid)
      .where('tenant', '=', input.tenant),
  );
  const deleteOld = statements.one('proposal-prune', { before: 'integer' }, ({ before }) =>
    tables.deleteFrom('proposals').where('expires_at', '<', before),
  );
  const emptyExpired = statements.one('proposal-empty', { at: 'integer' }, ({ at }) =>
    tables
      .updateTable('proposals')
      .set({ envelope: sql.lit(null) })
      .where('expires_at', '<=', at)
      .where('envelope', 'is not', sql.lit(null)),
  );

  function* find(tenant: string, guid: string): Work<KeptProposal | undefined> {
    const [found] = yield* ask(select, { tenant, guid });
    return found && keptProposal(found);
  }

  return {
    find,
    *put({ proposal, standing, envelope, uploads, audit }) {
      yield* row.lock();
      const { tenant, pushGuid, sender, proposedAt, expiresAt } = proposal;
      const known = yield* find(tenant, pushGuid);
      if (known !== undefined) return known;
      const text = writeJson('envelope', envelope);
      yield* tell(insert, [
        {
          tenant,
          guid: pushGuid,
          subject: sender.subject,
          waits: 1,
          proposed_at: proposedAt,
          expires_at: expiresAt,
          size: text.length,
          proposal: writeJson('proposal', proposal),
          standing: writeJson('standing', standing),
          envelope: text,
        },
      ]);
      yield* tell(
        renewUploads,
        uploads.map((digest) => ({ tenant, subject: sender.subject, digest, at: expiresAt })),
      );
      yield* chains.append([audit]);
      return undefined;
    },
    *envelope(tenant, guid) {
      const [found] = yield* ask(selectEnvelope, { tenant, guid });
      const text = found?.envelope ?? null;
      return text === null ? undefined : readJson('envelope', text);
    },
    *list(tenant, after, limit) {
      const { proposedAt: at, pushGuid: guid } = after ?? beyondAll;
      return (yield* ask(selectPage, { tenant, at, guid, limit })).map(keptProposal);
    },
    *openOf(tenant, subject, at) {
      const rows = yield* ask(selectOpen, { tenant, subject, at });
      return { count: rows.length, bytes: rows.reduce((sum, { size }) => sum + size, 0) };
    },
    *change(tenant, guid, change) {
      yield* row.lock();
      const kept = yield* find(tenant, guid);
      const changed = kept && change(kept);
      if (kept === undefined || changed === undefined) return kept;
      const { standing, audit } = changed;
      yield* tell(setStanding, [{ tenant, guid, standing: writeJson('standing', standing) }]);
      if (standing.state !== 'waiting') yield* tell(end, [{ tenant, guid }]);
      if (audit !== undefined) yield* chains.append([audit]);
      return { ...kept, standing };
    },
    *prune(before, at) {
      yield* tell(deleteOld, [{ before }]);
      yield* tell(emptyExpired, [{ at }]);
    },
  };
};

const keptProposal = ({
  proposal,
  standing,
}: Pick<JournalTables['proposals'], 'proposal' | 'standing'>): KeptProposal => ({
  proposal: readJson('proposal', proposal),
  standing: readJson('standing', standing),
});
