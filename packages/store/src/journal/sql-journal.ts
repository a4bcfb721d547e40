import { randomUUID } from 'node:crypto';

import type { EpochMs } from '@cd-push/protocol';

import { auditChains } from '../audit/audit-chains.ts';
import { sqlAuditLog } from '../audit/sql-audit-log.ts';
import type { JournalStore } from '../ports/journal.ts';
import { proposalWork } from '../proposals/proposals.ts';
import { inParts } from '../statements/in-parts.ts';
import { editWork } from '../edits/edits.ts';
import { objectWork } from '../timelines/objects.ts';
import { sqlSpace, type TimelineWork } from '../timelines/sql-space.ts';
import { tipWork } from '../timelines/tips.ts';
import { contentWork } from './contents.ts';
import { groupWork } from './group.ts';
import { historyWork } from './history.ts';
import { journalRow } from './journal-row.ts';
import { listWork } from './list.ts';
import { moveWork } from './moves.ts';
import { offerWork } from './offers.ts';
import { placeAtWork } from './place-at.ts';
import { presenceWork } from './presence.ts';
import { pruneWork } from './prune.ts';
import { listedPush } from './push-columns.ts';
import { pushWork } from './pushes.ts';
import type { JournalStatements } from './tables.ts';
import type { Taking, TakingParts } from './taking.ts';
import { versionWork } from './versions.ts';
import { writtenWork } from './written.ts';

export interface JournalOptions {
  /** Names the chain of the audit that this process writes: another one for each run of each process. */
  readonly node: string;
  readonly now: () => EpochMs;
  readonly isShared: boolean;
  readonly take: (parts: TakingParts) => Taking;
}

/** Those that stay for good are looked at each time, and there may be many of them. */
const pastEveryMs = 24 * 60 * 60 * 1000;

/** The journal over a database whose tables are there. */
export const openSqlJournal = async (
  statements: JournalStatements,
  { node, now, isShared, take }: JournalOptions,
): Promise<JournalStore> => {
  const row = journalRow(statements);
  const pushes = pushWork(statements);
  const presence = presenceWork(statements);
  const history = historyWork(statements);
  const versions = versionWork(statements);
  const placeAt = placeAtWork(statements);
  const contents = contentWork(statements);
  const prune = pruneWork(statements, row);
  const list = listWork(statements);
  const written = writtenWork(statements);
  const timelines: TimelineWork = { row, objects: objectWork(statements), tips: tipWork(statements) };
  const edits = editWork(statements, row);
  const chains = auditChains(statements, node);
  const proposals = proposalWork(statements, row, chains);
  const taking = take({
    work: groupWork({
      row,
      offers: offerWork(statements, timelines),
      moves: moveWork(statements),
      presence,
      chains,
    }),
    chainsOf: (writer) => auditChains(statements, writer),
  });
  const { database } = taking;
  const epoch = await database.write('power', function* () {
    const known = yield* row.epoch(randomUUID());
    const at = now();
    yield* presence.beat(node, at, at);
    yield* chains.open(at);
    return known;
  });
  const audit = sqlAuditLog(database, chains, node, now);
  let pastPrunedAt = Number.NEGATIVE_INFINITY;

  return {
    epoch,
    isShared,
    audit,
    edits: {
      put: (tenant, edit) => database.write('power', () => edits.put(tenant, edit)),
      settle: (tenant, settlement) => database.write('power', () => edits.settle(tenant, settlement)),
      find: (tenant, edit) => database.read(() => edits.find(tenant, edit)),
      open: (place, limit) => database.read(() => edits.open(place, limit)),
      openOf: (tenant, runtime) => database.read(() => edits.openOf(tenant, runtime)),
      openUnder: (tenant, credential) => database.read(() => edits.openUnder(tenant, credential)),
    },
    proposals: {
      put: (made) => database.write('power', () => proposals.put(made)),
      find: (tenant, guid) => database.read(() => proposals.find(tenant, guid)),
      envelope: (tenant, guid) => database.read(() => proposals.envelope(tenant, guid)),
      list: (tenant, after, limit) => database.read(() => proposals.list(tenant, after, limit)),
      openOf: (tenant, subject, at) => database.read(() => proposals.openOf(tenant, subject, at)),
      change: (tenant, guid, change) => database.write('power', () => proposals.change(tenant, guid, change)),
    },
    commit: (group) => taking.commit(group),
    offset: () => database.read(() => row.position()),
    prunedTo: () => database.read(() => row.pruned()),
    written: (after, limit) =>
      database.read(function* () {
        const found = yield* written(after, limit);
        return { ...found, pushes: yield* pushes.withTracks(found.pushes) };
      }),
    writtenFacts: (after, limit) =>
      database.read(function* () {
        const { pushes: rows, moves, offset } = yield* written(after, limit);
        return { pushes: rows.map(listedPush), moves, offset };
      }),
    find: (tenant, guid) => database.read(() => pushes.find(tenant, guid)),
    at: (offsets) => database.read(() => pushes.at(offsets)),
    factsAt: (offsets) => database.read(() => pushes.factsAt(offsets)),
    envelope: (offset) => database.read(() => pushes.envelope(offset)),
    list: (query) => database.read(() => list(query)),
    heads: (place, resources) => taking.glance((ahead) => history.heads(place, resources, ahead)),
    headsOf: (place, module) => database.read(() => history.headsOf(place, module)),
    steps: (place, resource, above, below, limit) =>
      database.read(() => history.steps(place, resource, above, below, limit)),
    versions: (place, resource, below, limit) =>
      database.read(() => versions.below(place, resource, below, limit)),
    versionsAt: (place, these) => database.read(() => versions.these(place, these)),
    ordinals: (place, these) => database.read(() => versions.ordinals(place, these)),
    changesSince: (place, prefix, since, page) =>
      database.read(() => versions.changesSince(place, prefix, since, page)),
    offsetAt: (at) =>
      database.read(function* () {
        return yield* placeAt(at, yield* row.position());
      }),
    openFor: (tenant, recipients) => database.read(() => pushes.openFor(tenant, recipients)),
    openOffsets: (tenant, recipients) => database.read(() => pushes.openOffsets(tenant, recipients)),
    openOffsetsUnder: (tenant, credential) =>
      database.read(() => pushes.openOffsetsUnder(tenant, credential)),
    overdue: (at, limit) => database.read(() => pushes.overdue(at, limit)),
    content: (tenant, digest) => database.read(() => contents.read(tenant, digest)),
    stored: (tenant, digests) => database.read(() => contents.sizes(tenant, digests)),
    putContent: (tenant, content, upload) =>
      database.write('power', () => contents.put(tenant, content, upload)),
    uploads: (tenant, subject) => database.read(() => contents.uploads(tenant, subject)),
    resourcesWith: (tenant, digest) => database.read(() => contents.resourcesWith(tenant, digest)),
    space: (tenant, auditOf) =>
      sqlSpace(database, tenant, timelines, auditOf && ((change) => chains.append(auditOf(change)))),
    presence: () => database.read(() => presence.all()),
    policies: (tenant) => database.read(() => presence.policies(tenant)),
    beat: (name, at, deadBefore) => database.write('process', () => presence.beat(name, at, deadBefore)),
    prune: async ({
      pushesBefore,
      versions: restorable,
      statementsBefore,
      auditBefore,
      contentsBefore,
      editsBefore,
    }) => {
      const at = now();
      let after = 0;
      await inParts(database, function* () {
        const looked = yield* prune.pushes(after, { before: pushesBefore, versions: restorable }, at);
        ({ after } = looked);
        return !looked.isDone;
      });
      if (at - pastPrunedAt >= pastEveryMs) {
        let behind = 0;
        await inParts(database, function* () {
          const looked = yield* prune.past(behind, statementsBefore);
          ({ after: behind } = looked);
          return !looked.isDone;
        });
        pastPrunedAt = at;
      }
      await inParts(database, () => prune.uploads(contentsBefore, at));
      await inParts(database, () => prune.contents(contentsBefore));
      await database.write('process', () => prune.traces(pushesBefore, after));
      await database.write('process', () => edits.prune(editsBefore));
      await database.write('process', () => proposals.prune(editsBefore, at));
      await audit.prune(auditBefore);
    },
    close: () => database.close(),
  };
};
