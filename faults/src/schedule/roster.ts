export type StoreKind = 'postgres' | 'sqlite';

/** Who takes part in a run, by name. */
export interface Roster {
  readonly store: StoreKind;
  readonly relays: readonly string[];
  readonly senders: readonly string[];
  readonly runtimes: readonly string[];
  /** Connections that go through a proxy: `<from>><to>`. */
  readonly links: readonly string[];
}

/** How many take part. */
export interface Size {
  readonly nodes: number;
  readonly senders: number;
  readonly runtimes: number;
}

/** Senders and runtimes of a run; each is a process. */
export const usualCrowd = { senders: 3, runtimes: 3 };

export const rosterOf = (store: StoreKind, size: Size): Roster => {
  const relays = numbered('relay', size.nodes);
  const senders = numbered('sender', size.senders);
  const runtimes = numbered('runtime', size.runtimes);
  const backends = store === 'postgres' ? ['api', 'postgres', 'redis'] : ['api'];
  return {
    store,
    relays,
    senders,
    runtimes,
    links: [
      ...[...senders, ...runtimes, 'observer'].map((name) => `${name}>relay`),
      ...relays.flatMap((name) => backends.map((backend) => `${name}>${backend}`)),
      ...(store === 'postgres' ? ['api>postgres'] : []),
    ],
  };
};

const numbered = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${what}-${index + 1}`);
