import { problemOf, type Problem } from '@cd-push/protocol';

/** How much synchronising may take at a relay. */
export interface SyncBounds {
  /** Connections of one identity with a saga that is under way. */
  readonly sagasPerPayer: number;
  readonly sagas: number;
  /** Bytes in quarantine. */
  readonly bytesPerPayer: number;
  readonly bytes: number;
  /** After which a saga that nothing is heard of is let go. */
  readonly idleMs: number;
  /** Within which a saga has to end. */
  readonly deadlineMs: number;
}

/** A saga of the largest size needs a second of processing; whoever has the slowest line that is served takes minutes. */
export const syncBounds: SyncBounds = {
  sagasPerPayer: 8,
  sagas: 256,
  bytesPerPayer: 192 * 1024 * 1024,
  bytes: 768 * 1024 * 1024,
  idleMs: 30_000,
  deadlineMs: 10 * 60_000,
};

/** What one connection has under way. */
interface Taken {
  readonly payer: string;
  bytes: number;
}

/** Counts what is under way, over all connections. */
export class SyncLoad {
  readonly #bounds: SyncBounds;
  readonly #taken = new Map<string, Taken>();

  constructor(bounds: SyncBounds) {
    this.#bounds = bounds;
  }

  get sagas(): number {
    return this.#taken.size;
  }

  get bytes(): number {
    return [...this.#taken.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Why a connection may not begin a saga now, or bring so many bytes more; undefined where it may, and they are counted. */
  take(connection: string, payer: string, bytes: number): Problem | undefined {
    const { sagas, sagasPerPayer, bytes: atMost, bytesPerPayer } = this.#bounds;
    const own = this.#taken.get(connection);
    const ofPayer = [...this.#taken.values()].filter((taken) => taken.payer === payer);
    if (own === undefined && (this.#taken.size >= sagas || ofPayer.length >= sagasPerPayer)) {
      const detail = 'Too many synchronisations are under way.';
      return problemOf('rate-limited', { detail, retryAfter: 1 });
    }
    const heldByPayer = ofPayer.reduce((sum, taken) => sum + taken.bytes, 0);
    if (heldByPayer + bytes > bytesPerPayer || this.bytes + bytes > atMost) {
      const detail = 'Too much waits to be committed by synchronisations.';
      return problemOf('rate-limited', { detail, retryAfter: 1 });
    }
    if (own === undefined) this.#taken.set(connection, { payer, bytes });
    else own.bytes += bytes;
    return undefined;
  }

  /** What really waits after a turn. */
  settle(connection: string, bytes: number): void {
    const own = this.#taken.get(connection);
    if (own !== undefined) own.bytes = bytes;
  }

  release(connection: string): void {
    this.#taken.delete(connection);
  }
}
