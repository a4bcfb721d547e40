import type { AuditEntry, EpochMs } from '@cd-push/protocol';
import type { AuditLog, UserStore } from '@cd-push/store';

import { subjectOf } from '../identity/callers.ts';

interface Refusal {
  readonly userName: string;
  /** Kind of the problem. */
  readonly outcome: string;
  readonly from: string;
  readonly at: EpochMs;
}

/** Refusals within a minute that get a row each; the others are told by their number. */
const rowsPerMinute = 30;
const minuteMs = 60_000;
/** Of a name that nobody has: people type passwords where their name belongs. */
const shownCharacters = 2;

/**
 * Sign-ins that were refused, as rows of the audit: bounded in number, so that whoever tries passwords does not fill the
 * audit. Nobody's answer waits for them.
 */
export class RefusedLogins {
  readonly #audit: Pick<AuditLog, 'append'>;
  readonly #users: Pick<UserStore, 'findForLogin'>;
  readonly #now: () => EpochMs;
  readonly #onFailure: (error: unknown) => void;
  #since = 0;
  #rows = 0;
  #untold = 0;
  #timer: NodeJS.Timeout | undefined;
  #written = Promise.resolve();

  constructor(
    audit: Pick<AuditLog, 'append'>,
    users: Pick<UserStore, 'findForLogin'>,
    now: () => EpochMs,
    onFailure: (error: unknown) => void,
  ) {
    this.#audit = audit;
    this.#users = users;
    this.#now = now;
    this.#onFailure = onFailure;
  }

  note(refusal: Refusal): void {
    if (refusal.at - this.#since >= minuteMs) {
      this.#tellRest();
      this.#since = refusal.at;
      this.#rows = 0;
    }
    if (this.#rows < rowsPerMinute) {
      this.#rows += 1;
      this.#write(() => this.#entryOf(refusal));
      return;
    }
    this.#untold += 1;
    this.#timer ??= setTimeout(() => this.#tellRest(), minuteMs).unref();
  }

  /** Resolves once everything is written. */
  async close(): Promise<void> {
    this.#tellRest();
    await this.#written;
  }

  #tellRest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#untold === 0) return;
    const detail = `${this.#untold} more were refused within a minute.`;
    this.#untold = 0;
    const at = this.#now();
    this.#write(async () => ({ at, event: 'login-refused', who: null, outcome: 'rate-limited', detail }));
  }

  #write(entry: () => Promise<AuditEntry>): void {
    this.#written = this.#written
      .then(async () => this.#audit.append([await entry()]))
      .catch(this.#onFailure);
  }

  async #entryOf({ userName, outcome, from, at }: Refusal): Promise<AuditEntry> {
    const known = await this.#users.findForLogin(userName);
    const tried =
      known === undefined
        ? `Nobody’s name, ${userName.slice(0, shownCharacters)}…, was tried from ${from}.`
        : `Tried from ${from}.`;
    return {
      at,
      event: 'login-refused',
      who: null,
      outcome,
      ...(known === undefined ? {} : { targets: [subjectOf(known.user)] }),
      detail: tried,
    };
  }
}
