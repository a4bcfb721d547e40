import type { JournalOffset, Welcome } from '@cd-push/protocol';

import { memberOf } from './member-of.ts';

/** An envelope on its way through the line. */
export interface Arrival {
  /** Whether the connection that brought it has lasted since. */
  readonly isConnected: boolean;
  /** Counts it as settled, once however often this is called; gives where the instance stands in the journal with it. */
  settled(): JournalOffset | null;
}

/**
 * How far this instance has followed the relay's journal. What a connection brings is in the journal's order, so that with
 * each settled push everything up to its place is followed; and once as many are settled as the welcome announced, so is
 * everything up to the place that it named.
 */
export class JournalProgress {
  #at: JournalOffset | null;
  #welcome: Pick<Welcome, 'journal' | 'catchUp'> | undefined;
  #connection = 0;
  #caughtUp = 0;
  #highest = 0;

  constructor(at: JournalOffset | null) {
    this.#at = at;
  }

  /** Null where it never followed one. */
  get at(): JournalOffset | null {
    return this.#at;
  }

  /** An envelope comes off the wire; nothing of it is parsed yet. */
  arrived(envelope: unknown): Arrival {
    const connection = this.#connection;
    const isConnected = (): boolean => connection === this.#connection;
    let isSettled = false;
    return {
      get isConnected() {
        return isConnected();
      },
      settled: () => {
        // What an earlier connection brought says nothing of the journal that this one named.
        if (!isSettled && isConnected()) this.#count(envelope);
        isSettled = true;
        return this.#at;
      },
    };
  }

  welcomed(welcome: Pick<Welcome, 'journal' | 'catchUp'>): void {
    this.#welcome = welcome;
    this.#advance();
  }

  disconnected(): void {
    this.#connection += 1;
    this.#welcome = undefined;
    this.#caughtUp = 0;
    this.#highest = 0;
  }

  #count(envelope: unknown): void {
    const data = memberOf(envelope, 'pushData');
    const offset = memberOf(data, 'offset');
    if (memberOf(data, 'isCatchUp') === true) this.#caughtUp += 1;
    if (Number.isSafeInteger(offset)) this.#highest = Math.max(this.#highest, Number(offset));
    this.#advance();
  }

  #advance(): void {
    if (this.#welcome === undefined) return;
    const { catchUp, journal } = this.#welcome;
    const reached = this.#caughtUp < catchUp ? this.#highest : Math.max(this.#highest, journal.offset);
    if (reached > 0 || catchUp === 0) this.#at = { epoch: journal.epoch, offset: reached };
  }
}
