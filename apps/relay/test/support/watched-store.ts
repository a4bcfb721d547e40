import type { Committed, Group, JournalStore } from '@cd-push/store';

/** What stands between a relay and its store: it may count, hold up or refuse a commit, or keep its answer to itself. */
export type CommitWatch = (group: Group, commit: () => Promise<Committed>) => Promise<Committed>;

/** A store whose commits pass a watch. */
export const watched = (store: JournalStore, watch: CommitWatch): JournalStore => {
  let closing: Promise<void> | undefined;
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') return (group: Group) => watch(group, () => target.commit(group));
      // A test that closes it leaves nothing to close to the relay.
      if (name === 'close') return () => (closing ??= target.close());
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
};

/** Readings that wait until they are let through. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  readonly #reached = Promise.withResolvers<void>();

  /** Resolves when something waits here. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  open(): void {
    this.#opened.resolve();
  }

  pass(): Promise<void> {
    this.#reached.resolve();
    return this.#opened.promise;
  }
}

const gatedReadings = ['envelope', 'headsOf', 'openOffsets'] as const;

/** A store of which some readings wait at a gate, as long as there is one. */
export const gated = (
  store: JournalStore,
  gates: { [Name in (typeof gatedReadings)[number]]?: Gate | undefined },
): JournalStore =>
  new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const read = member.bind(target) as (...given: unknown[]) => unknown;
      const reading = gatedReadings.find((one) => one === name);
      if (reading === undefined) return read;
      return async (...given: unknown[]) => {
        await gates[reading]?.pass();
        return read(...given);
      };
    },
  });
