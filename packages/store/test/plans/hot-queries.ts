import { branded, epochMs, type RecipientId } from '@cd-push/protocol';

import { linkTo, makeConstant, readAddress, storedBlob } from '@cd-push/timeline';

import type { JournalStore } from '../../src/index.ts';
import { openSqlJournal } from '../../src/journal/sql-journal.ts';
import { takingAtOnce } from '../../src/journal/taking.ts';
import type { JournalStatements } from '../../src/journal/tables.ts';
import type { Database } from '../../src/statements/database.ts';
import type { Call } from '../../src/statements/statement.ts';
import type { Work } from '../../src/statements/work.ts';
import {
  accepted,
  auditEntry,
  commit,
  moveOf,
  offerOf,
  patch,
  place,
  pushed,
} from '../contract/journal-samples.ts';
import { made } from './million.ts';

/** What a relay asks for all day, once each; on a journal that is filled with a million pushes. */
const queries: Readonly<Record<string, (journal: JournalStore) => Promise<unknown>>> = {
  offset: (journal) => journal.offset(),
  find: (journal) => journal.find(made.tenant, made.guid(500_000)),
  at: (journal) => journal.at([1, 500_000, made.last]),
  envelope: (journal) => journal.envelope(500_000),
  heads: (journal) => journal.heads(place, [made.resource(1), made.resource(500_000), '/none/such']),
  headsOf: (journal) => journal.headsOf(place, made.module(500_000)),
  steps: (journal) => journal.steps(place, made.resource(500_010), 500_001, 500_040, 20),
  'steps that were let go of': (journal) => journal.steps(place, made.past, 10, 40, 20),
  versions: (journal) => journal.versions(place, made.resource(500_010), 500_040, 20),
  'versions that were let go of': (journal) => journal.versions(place, made.past, 40, 20),
  versionsAt: (journal) =>
    journal.versionsAt(place, [
      { resource: made.resource(500_010), version: 500_020 },
      { resource: made.past, version: 40 },
    ]),
  ordinals: (journal) =>
    journal.ordinals(place, [
      { resource: made.resource(500_010), version: 500_020 },
      { resource: made.past, version: 40 },
    ]),
  changesSince: (journal) =>
    journal.changesSince(place, `/${made.module(500_000)}`, 520_000, { after: '/m10/f10100', limit: 20 }),
  offsetAt: (journal) => journal.offsetAt(epochMs(made.acceptedAt(123_456))),
  openFor: (journal) =>
    journal.openFor(
      made.tenant,
      [made.recipient(0), 'r0'].map((id) => branded<RecipientId>(id)),
    ),
  openOffsetsUnder: (journal) => journal.openOffsetsUnder(made.tenant, 'r0'),
  overdue: (journal) => journal.overdue(epochMs(made.acceptedAt(500_000)), 100),
  written: (journal) => journal.written(made.last - 100, 50),
  'written long ago': (journal) => journal.written(1_000, 50),
  stored: (journal) => journal.stored(made.tenant, [made.digest(10), made.digest(11)]),
  content: (journal) => journal.content(made.tenant, made.digest(10)),
  uploads: (journal) => journal.uploads(made.tenant, made.sender(1)),
  'resourcesWith: past': (journal) => journal.resourcesWith(made.tenant, 'past-10'),
  resourcesWith: (journal) => journal.resourcesWith(made.tenant, made.digest(500_000)),
  'list: all': (journal) => journal.list({ tenant: made.tenant, limit: 50 }),
  'list: before': (journal) => journal.list({ tenant: made.tenant, before: 500_000, limit: 50 }),
  'list: environment': (journal) => journal.list({ tenant: made.tenant, environment: 'staging', limit: 50 }),
  'list: sender': (journal) => journal.list({ tenant: made.tenant, sender: made.sender(3), limit: 50 }),
  'list: open': (journal) => journal.list({ tenant: made.tenant, open: true, limit: 50 }),
  'list: settled': (journal) => journal.list({ tenant: made.tenant, open: false, limit: 50 }),
  'list: folder': (journal) =>
    journal.list({ tenant: made.tenant, prefix: `/${made.module(500_000)}`, limit: 50 }),
  'list: file': (journal) => journal.list({ tenant: made.tenant, prefix: made.resource(500_000), limit: 50 }),
  'list: every file': (journal) => journal.list({ tenant: made.tenant, prefix: '/', limit: 50 }),
  'list: credential': (journal) => journal.list({ tenant: made.tenant, recipient: 'r7', limit: 50 }),
  'list: instance': (journal) =>
    journal.list({ tenant: made.tenant, recipient: made.recipient(7), limit: 50 }),
  'list: credential and folder': (journal) =>
    journal.list({ tenant: made.tenant, recipient: 'r7', prefix: `/${made.module(900_000)}`, limit: 20 }),
  'space: get': async (journal) => journal.space(made.tenant).get(made.object(500_000)),
  'space: has': async (journal) =>
    journal.space(made.tenant).has([made.object(1), made.object(500_000), made.object(-1)]),
  'space: tip': async (journal) => journal.space(made.tenant).tip(made.timeline(500_000)),
  'space: tips': async (journal) => journal.space(made.tenant).tips(made.timeline(500_000), 50),
  'space: commit': async (journal) => {
    const { objects, swap } = await nextFrame(500_000);
    await journal.space(made.tenant).commit({ objects, swaps: [swap] });
  },
  'audit rows': (journal) => journal.audit.rows({ node: 'relay-old', sequence: 500_000 }, 100),
  'audit heads': (journal) => journal.audit.heads(64),
  commit: async (journal) => {
    const [push] = await journal.at([500_000]);
    await commit(journal, {
      offers: [
        offerOf(
          accepted([
            patch(made.resource(500_000), 2_000_000, made.digest(500_049)),
            patch('/new/file', 1, null),
          ]),
        ),
      ],
      moves: push!.facts.recipients.map((to) => moveOf(push!, to, pushed())),
      audit: [auditEntry()],
    });
  },
  'commit with history': async (journal) => {
    const { objects, swap } = await nextFrame(600_000);
    const offer = offerOf(accepted([patch('/new/history', 1, null, { digest: swap.digest })]));
    await commit(journal, { offers: [{ ...offer, history: { objects, swaps: [swap] } }] });
  },
  prune: (journal) =>
    journal.prune({
      pushesBefore: epochMs(300),
      versions: 5,
      statementsBefore: epochMs(300),
      auditBefore: epochMs(300),
      editsBefore: epochMs(300),
      contentsBefore: epochMs(300),
    }),
};

/** What follows a frame, with a source that is small and one that is not, and where it leads its timeline. */
const nextFrame = async (frame: number) => {
  const blobs = [await storedBlob('source'), await storedBlob('source '.repeat(10_000))] as const;
  const object = await makeConstant({ sources: blobs.map(({ address }) => linkTo(address)) });
  const timeline = made.timeline(frame);
  const from = made.object(Math.floor(frame / 50) * 50);
  const digest = readAddress(blobs[0].address)!.digest;
  return { objects: [object, ...blobs], swap: { timeline, from, to: object.address, digest } };
};

/** What one of the queries asked the database. */
export interface Asked {
  readonly query: string;
  readonly call: Call;
}

/** Asks everything once, and answers what the database was asked for it. */
export const askAll = async (database: Database, statements: JournalStatements): Promise<Asked[]> => {
  const asked: Asked[] = [];
  let query = '';
  const watched = function* <Value>(work: Work<Value>): Work<Value> {
    let step = work.next([]);
    while (step.done !== true) {
      asked.push({ query, call: step.value });
      step = work.next(yield step.value);
    }
    return step.value;
  };
  const observed: Database = {
    read: (work) => database.read(() => watched(work())),
    write: (outlives, work) => database.write(outlives, () => watched(work())),
    close: () => database.close(),
  };
  const journal = await openSqlJournal(statements, {
    node: 'relay-new',
    now: () => epochMs(made.last),
    isShared: false,
    take: (parts) => takingAtOnce(observed, parts),
  });
  asked.length = 0;
  for (const [name, ask] of Object.entries(queries)) {
    query = name;
    await ask(journal);
  }
  return asked;
};
