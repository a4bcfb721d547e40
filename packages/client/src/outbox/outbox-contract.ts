import { freshCommTrack, type Statement } from '@cd-push/protocol';

import type { Outbox, OutboxEntry } from './outbox.ts';

/** A fresh, empty place for pushes. Each call of `open` stands for the start of a sender that shares it. */
export interface OutboxPlace {
  open(): Outbox;
}

/** One rule of the port. It throws where an adapter breaks it; it needs no test framework, so that it runs in pages too. */
export interface OutboxRule {
  readonly title: string;
  /** Needs a place that outlasts an outbox. */
  readonly lasting: boolean;
  run(place: OutboxPlace): Promise<void>;
}

/** What every outbox keeps to; a new adapter runs these. */
export const outboxContract: readonly OutboxRule[] = [
  {
    title: 'an empty place holds nothing',
    lasting: false,
    async run(place) {
      same(await place.open().claim(), [], 'entries');
    },
  },
  {
    title: 'what is kept is there as it was put, in the order in which it was pushed',
    lasting: false,
    async run(place) {
      const outbox = place.open();
      const [first, second, third] = [sampleEntry(1), sampleEntry(2, 'a\u0000ü𝄞\u2028"\\'), sampleEntry(3)];
      for (const one of [third, first, second]) await outbox.put(one);
      same(await outbox.claim(), [first, second, third], 'entries');
    },
  },
  {
    title: 'an entry takes the place of that of the same push',
    lasting: false,
    async run(place) {
      const outbox = place.open();
      const signed: OutboxEntry = {
        ...sampleEntry(1),
        signed: { session: 'session-1', digests: ['sha256-a'] },
      };
      await outbox.put(sampleEntry(1));
      await outbox.put(sampleEntry(2));
      await outbox.put(signed);
      same(await outbox.claim(), [signed, sampleEntry(2)], 'entries');
    },
  },
  {
    title: 'what was let go of is not there, and letting go of it again is no fault',
    lasting: false,
    async run(place) {
      const outbox = place.open();
      await outbox.put(sampleEntry(1));
      await outbox.put(sampleEntry(2));
      await outbox.remove(sampleEntry(1).pushGuid);
      await outbox.remove(sampleEntry(1).pushGuid);
      same(await outbox.claim(), [sampleEntry(2)], 'entries');
    },
  },
  {
    title: 'what is put at the same time is all kept',
    lasting: false,
    async run(place) {
      const outbox = place.open();
      const entries = Array.from({ length: 20 }, (_, index) => sampleEntry(index + 1));
      await Promise.all(entries.map((one) => outbox.put(one)));
      same(await outbox.claim(), entries, 'entries');
    },
  },
  {
    title: 'a closed outbox keeps nothing more, and says so',
    lasting: false,
    async run(place) {
      const outbox = place.open();
      await outbox.put(sampleEntry(1));
      await outbox.close();
      await outbox.close();
      const refused = await outbox.put(sampleEntry(2)).then(
        () => false,
        () => true,
      );
      same(refused, true, 'whether it was refused');
    },
  },
  {
    title: 'what a sender leaves behind is there for the next one, large or small',
    lasting: true,
    async run(place) {
      const first = place.open();
      const large = sampleEntry(1, 'ä'.repeat(3_000_000));
      await first.put(large);
      await first.put(sampleEntry(2));
      await first.close();
      same(await place.open().claim(), [large, sampleEntry(2)], 'entries');
    },
  },
  {
    title: 'what the next one let go of is gone for good',
    lasting: true,
    async run(place) {
      const first = place.open();
      await first.put(sampleEntry(1));
      await first.put(sampleEntry(2));
      await first.close();
      const second = place.open();
      await second.claim();
      await second.remove(sampleEntry(1).pushGuid);
      await second.put(sampleEntry(3));
      await second.close();
      same(await place.open().claim(), [sampleEntry(2), sampleEntry(3)], 'entries');
    },
  },
  {
    title: 'what a living sender holds is no other’s',
    lasting: true,
    async run(place) {
      const living = place.open();
      await living.put(sampleEntry(1));
      const other = place.open();
      same(await other.claim(), [], 'what the other one finds');
      await other.put(sampleEntry(2));
      same(await living.claim(), [sampleEntry(1)], 'what the first one finds');
      same(await other.claim(), [sampleEntry(2)], 'what the other one finds then');
    },
  },
  {
    title: 'of several that ask at once, one takes over what was left behind',
    lasting: true,
    async run(place) {
      const left = place.open();
      const entries = [sampleEntry(1), sampleEntry(2), sampleEntry(3)];
      for (const one of entries) await left.put(one);
      await left.close();
      const found = await Promise.all([place.open(), place.open(), place.open()].map((one) => one.claim()));
      same(
        found.flat().toSorted((a, b) => a.order - b.order),
        entries,
        'what all of them found together',
      );
    },
  },
];

/** An entry to put, pushed as the nth. */
export const sampleEntry = (order: number, m = 'soon'): OutboxEntry => {
  const pushGuid = `00000000-0000-4000-8000-${String(order).padStart(12, '0')}`;
  const digest = `sha256-${'A'.repeat(43)}`;
  const statement: Statement = {
    kind: 'notice',
    v: 1,
    tenant: 'default',
    environment: 'development',
    targets: [{ select: { module: 'shop', labels: { till: '7' } } }],
    pushGuid,
    trigger: 'notify',
    signer: 'user-1',
    certificate: digest,
    issuedAt: 1_000,
    deliverBy: 2_000,
    silent: false,
    message: digest,
  };
  const pushData = {
    pushGuid,
    pushRecepients: [],
    triggerEvent: 'notify',
    emittEvent: 'show-notice',
    commTrack: freshCommTrack(1_000),
    isSilentSync: false,
    m,
  };
  return {
    pushGuid,
    order,
    statement,
    sources: [],
    envelope: { pushData, req: null, resp: null },
    signed: null,
  };
};

const same = (found: unknown, expected: unknown, what: string): void => {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value, withSortedMembers));
  if (a !== b) throw new Error(`${what}: found ${shortened(a)}, expected ${shortened(b)}`);
};

/** Members in one order, so that equal values have one text. */
const withSortedMembers = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const shortened = (text: string | undefined): string => (text ?? 'undefined').slice(0, 2_000);
