import type { AuditEntry, Problem } from '@cd-push/protocol';

import type { Session } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { moreRefusedEntry, refusedEntry } from './entries.ts';

interface RefusalPorts {
  readonly journal: Pick<Journal, 'audit'>;
  readonly clock: Clock;
}

interface Refused {
  readonly session: Session;
  readonly cancel: () => void;
  rows: number;
  untold: number;
}

/** Refusals of one session within a minute that get a row each; the others are told by their number. */
const rowsPerMinute = 10;
const minuteMs = 60_000;

/**
 * Pushes that were refused unread, for their size or their number: rows of the audit that are bounded in number, of each
 * session by itself, so that nobody fills the audit or hides among what others send.
 */
export class Refusals {
  readonly #ports: RefusalPorts;
  readonly #of = new Map<string, Refused>();

  constructor(ports: RefusalPorts) {
    this.#ports = ports;
  }

  note(session: Session, problem: Problem, named: Pick<AuditEntry, 'pushGuid' | 'digest'>): void {
    const { journal, clock } = this.#ports;
    const refused = this.#of.get(session.id) ?? this.#begin(session);
    if (refused.rows >= rowsPerMinute) {
      refused.untold += 1;
      return;
    }
    refused.rows += 1;
    journal.audit(refusedEntry(session, problem, named, clock.now()));
  }

  /** Tells what is not told yet. */
  close(): void {
    for (const refused of this.#of.values()) {
      refused.cancel();
      this.#tellRest(refused);
    }
    this.#of.clear();
  }

  #begin(session: Session): Refused {
    const cancel = this.#ports.clock.after(minuteMs, () => {
      this.#of.delete(session.id);
      this.#tellRest(refused);
    });
    const refused: Refused = { session, cancel, rows: 0, untold: 0 };
    this.#of.set(session.id, refused);
    return refused;
  }

  #tellRest({ session, untold }: Refused): void {
    const { journal, clock } = this.#ports;
    if (untold > 0) journal.audit(moreRefusedEntry(session, untold, clock.now()));
  }
}
