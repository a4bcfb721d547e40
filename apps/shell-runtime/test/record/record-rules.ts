import type { Applying, ApplyingMark } from '../../src/record/applying-mark.ts';
import type {
  DoneRecord,
  KeptAuditHead,
  KeptVersion,
  RecordSnapshot,
  RecordStore,
  ResourceRecord,
} from '../../src/record/record-store.ts';

/** One rule of a port. It throws where an adapter breaks it; it needs no test framework, so that it runs in pages too. */
export interface Rule<Place> {
  readonly title: string;
  /** Needs a place that several instances share. */
  readonly shared?: boolean;
  run(place: Place): Promise<void>;
}

/** A fresh, empty place. `open` stands for the start of a tab or process in it. */
export interface RecordPlace {
  open(instance: string): RecordStore;
}
export interface MarkPlace {
  /** @param isAlive whether another instance lives. */
  open(instance: string, isAlive: (instance: string) => boolean): ApplyingMark;
}

export const kept = (version: number, over: Partial<KeptVersion> = {}): KeptVersion => ({
  version,
  digest: `sha256-${String(version).padStart(43, '0')}`,
  componentType: 'module',
  content: { kind: 'text', text: `text ${version} – ✓`, map: undefined },
  session: 'session-1',
  pushGuid: 'push-1',
  attempt: 1,
  statement: 'sha256-statement',
  ...over,
});

export const record = (
  resource: string,
  good: KeptVersion | null,
  over: Partial<ResourceRecord> = {},
): ResourceRecord => ({
  resource,
  good,
  former: null,
  next: null,
  ...over,
});

const failedNext = (version: number, outcome: 'failed' | 'crashed') => ({
  outcome,
  version,
  digest: null,
  attempt: 2,
  statement: 'sha256-statement',
  problem: { type: 'urn:x', title: 'x', status: 500, kind: 'apply-failed' as const, retryable: true },
});

const done = (pushGuid: string, keepUntil: number): DoneRecord => ({
  pushGuid,
  attempt: 1,
  statement: 'sha256-statement',
  outcome: 'completed',
  problem: null,
  keepUntil,
});

const journal = { epoch: '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11', offset: 7 };
const later = { ...journal, offset: 9 };
const head = (node: string, sequence: number): KeptAuditHead => ({
  node,
  sequence,
  at: 1_763_600_000_000,
  head: `head.${node}.${sequence}`,
  certificate: null,
});

const empty: RecordSnapshot = {
  resources: [],
  done: [],
  revokedSessions: [],
  identities: [],
  journal: null,
  auditHeads: [],
};

const same = (found: unknown, expected: unknown, what: string): void => {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value, ordered));
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`);
};

/** Members in one order, bytes as numbers, so that equal values have one text. */
const ordered = (_key: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const byResource = (records: readonly ResourceRecord[]): ResourceRecord[] =>
  records.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));

export const recordStoreRules: readonly Rule<RecordPlace>[] = [
  {
    title: 'an empty place gives an empty record',
    async run(place) {
      same(await place.open('a').load('base-1', 0), empty, 'snapshot');
    },
  },
  {
    title:
      'what was written is there at the next start on the same base: texts, maps, bytes, deletions, failures',
    async run(place) {
      const records = [
        record('/m/a.ts', kept(1, { content: { kind: 'text', text: 'a\u0000ü𝄞', map: '{"version":3}' } }), {
          former: kept(0),
        }),
        record(
          '/m/b.png',
          kept(2, { componentType: 'asset', content: { kind: 'bytes', bytes: new Uint8Array([0, 255, 7]) } }),
        ),
        record('/m/c.css', kept(3, { componentType: 'style', digest: null, content: { kind: 'deleted' } })),
        record('/m/d.ts', null, { next: failedNext(4, 'failed') }),
        record('/m/e.ts', kept(5), {
          next: { ...failedNext(6, 'failed'), outcome: 'pending', kept: kept(6) },
        }),
      ];
      const first = place.open('a');
      await first.load('base-1', 0);
      await first.write({ resources: records });
      const { resources } = await place.open('a').load('base-1', 0);
      same(byResource(resources), records, 'resources');
    },
  },
  {
    title: 'another base drops the resources, and what is written from then on belongs to it',
    async run(place) {
      const first = place.open('a');
      await first.load('base-1', 0);
      await first.write({ resources: [record('/m/a.ts', kept(1))], revokedSessions: ['s'] });
      const second = place.open('a');
      same(await second.load('base-2', 0), { ...empty, revokedSessions: ['s'] }, 'after a deployment');
      await second.write({ resources: [record('/m/b.ts', kept(2))] });
      same(
        (await place.open('a').load('base-2', 0)).resources,
        [record('/m/b.ts', kept(2))],
        'on the new base',
      );
    },
  },
  {
    title: 'a page that still runs the old base writes no resources over the new one',
    shared: true,
    async run(place) {
      const old = place.open('a');
      await old.load('base-1', 0);
      await place.open('b').load('base-2', 0);
      await old.write({ resources: [record('/m/a.ts', kept(1))], revokedSessions: ['s'] });
      same(await place.open('c').load('base-2', 0), { ...empty, revokedSessions: ['s'] }, 'snapshot');
    },
  },
  {
    title: 'a healthy higher version stays when a lower one is written, whether that failed or not',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await store.write({ resources: [record('/m/a.ts', kept(7))] });
      await store.write({ resources: [record('/m/a.ts', kept(5))] });
      await store.write({ resources: [record('/m/a.ts', kept(5), { next: failedNext(7, 'failed') })] });
      same((await place.open('a').load('base-1', 0)).resources, [record('/m/a.ts', kept(7))], 'resources');
    },
  },
  {
    title: 'a version that crashed gives way to the one before it',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await store.write({ resources: [record('/m/a.ts', kept(7), { former: kept(5) })] });
      const back = record('/m/a.ts', kept(5), { next: failedNext(7, 'crashed') });
      await store.write({ resources: [back] });
      same((await place.open('a').load('base-1', 0)).resources, [back], 'resources');
    },
  },
  {
    title: 'outcomes last over a deployment until their time is over',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await Promise.all([
        store.settle(done('push-1', 100), null),
        store.settle(done('push-2', 200), null),
        store.settle({ ...done('push-2', 200), attempt: 2, outcome: 'started' }, null),
      ]);
      same(
        (await place.open('a').load('base-2', 150)).done.map(
          ({ pushGuid, attempt, statement, outcome, problem, keepUntil }) => ({
            pushGuid,
            attempt,
            statement,
            outcome,
            problem,
            keepUntil,
          }),
        ),
        [{ ...done('push-2', 200), attempt: 2, outcome: 'started' }],
        'outcomes',
      );
    },
  },
  {
    title: 'the place in the journal goes with what was written last, on the base that it was written for',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await store.write({ resources: [record('/m/a.ts', kept(1))], journal });
      same((await place.open('a').load('base-1', 0)).journal, journal, 'with resources');
      await store.settle(done('push-1', 100), later);
      same((await place.open('a').load('base-1', 0)).journal, later, 'with an outcome');
      await store.write({ journal: { ...journal, offset: 8 } });
      await store.write({ revokedSessions: ['s'] });
      await store.settle(done('push-2', 100), null);
      same((await place.open('a').load('base-2', 0)).journal, null, 'after a deployment');
    },
  },
  {
    title: 'heads of the audit last over a deployment, the latest ones alone',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await store.write({ auditHeads: [head('relay-1', 1), head('relay-2', 4)] });
      await store.write({ auditHeads: [head('relay-1', 2)] });
      same((await place.open('a').load('base-2', 0)).auditHeads, [head('relay-1', 2)], 'heads');
    },
  },
  {
    title: 'outcomes and the place in the journal are those of one instance, all else is of all',
    shared: true,
    async run(place) {
      const first = place.open('a');
      await first.load('base-1', 0);
      await first.settle(done('push-1', 100), journal);
      await first.write({
        resources: [record('/m/a.ts', kept(1))],
        revokedSessions: ['s'],
        auditHeads: [head('relay-1', 1)],
      });
      same(
        await place.open('b').load('base-1', 0),
        {
          ...empty,
          resources: [record('/m/a.ts', kept(1))],
          revokedSessions: ['s'],
          auditHeads: [head('relay-1', 1)],
        },
        'another instance',
      );
      same((await place.open('a').load('base-1', 0)).journal, journal, 'the same instance');
    },
  },
  {
    title: 'revoked sessions add up, each once',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      await store.write({ revokedSessions: ['s', 't'] });
      await store.write({ revokedSessions: ['t', 'u'] });
      same((await place.open('a').load('base-1', 0)).revokedSessions.toSorted(), ['s', 't', 'u'], 'sessions');
    },
  },
  {
    title: 'writes that overlap are all kept',
    async run(place) {
      const store = place.open('a');
      await store.load('base-1', 0);
      const names = Array.from({ length: 20 }, (_, index) => `/m/${String(index).padStart(2, '0')}.ts`);
      await Promise.all(
        names.map((name, index) => store.write({ resources: [record(name, kept(index + 1))] })),
      );
      const { resources } = await place.open('a').load('base-1', 0);
      same(
        byResource(resources).map(({ resource }) => resource),
        names,
        'resources',
      );
    },
  },
];

const applying = (instance: string, over: Partial<Applying> = {}): Applying => ({
  kind: 'push',
  instance,
  pushGuid: 'push-1',
  attempt: 1,
  statement: 'sha256-statement',
  resources: [{ resource: '/m/a.ts', version: 1, digest: null }],
  ...over,
});

export const applyingMarkRules: readonly Rule<MarkPlace>[] = [
  {
    title: 'a mark that was left open is found at the next start, once',
    async run(place) {
      place.open('a', () => false).open(applying('a'));
      const next = place.open('a', () => false);
      same(await next.takeLeft(), [applying('a')], 'first look');
      same(await next.takeLeft(), [], 'second look');
    },
  },
  {
    title: 'a mark that was closed is not found',
    async run(place) {
      const mark = place.open('a', () => false);
      mark.open(applying('a'));
      mark.close();
      same(await place.open('a', () => false).takeLeft(), [], 'marks');
    },
  },
  {
    title: 'the latest mark of an instance is the one that counts',
    async run(place) {
      const mark = place.open('a', () => false);
      mark.open(applying('a'));
      mark.open(applying('a', { pushGuid: 'push-2', kind: 'start' }));
      same(
        await place.open('a', () => false).takeLeft(),
        [applying('a', { pushGuid: 'push-2', kind: 'start' })],
        'marks',
      );
    },
  },
  {
    title: 'marks of instances that died are found by others, those of the living are left alone',
    shared: true,
    async run(place) {
      place.open('dead', () => false).open(applying('dead'));
      const living = place.open('living', () => false);
      living.open(applying('living'));
      same(
        await place.open('c', (instance) => instance === 'living').takeLeft(),
        [applying('dead')],
        'marks',
      );
      same(await place.open('living', () => false).takeLeft(), [applying('living')], 'the living one’s own');
    },
  },
];
