import { ProblemError, problemOf, type Grant } from '@cd-push/protocol';

import type { Authority, Change } from './authority.ts';
import { withGrants, type Role, type Session } from './session.ts';

/** Tokens that the api is asked about at a time, and that may wait for their turn; past both a peer comes again. */
const usualBounds = { atOnce: 32, waiting: 2_000 };
/** Users whose latest change is remembered; far more than change while the api answers. */
const remembered = 10_000;
/** Tokens whose last answer is kept. */
const keptAnswers = 10_000;

/** What the feed last told of a user, and when, counted in changes. */
interface Told {
  readonly at: number;
  readonly grants?: readonly Grant[];
  readonly roles?: readonly Role[];
  readonly isRemoved?: boolean;
}

/**
 * Asks the api whose a token is. An answer may be older than a change that was heard of while it was on its way:
 * {@link current} is the session with that change.
 */
export class Introspections {
  readonly #authority: Pick<Authority, 'introspect'>;
  readonly #bounds: typeof usualBounds;
  readonly #waiting: (() => void)[] = [];
  readonly #told = new Map<number, Told>();
  readonly #askedAt = new WeakMap<Session, number>();
  readonly #answers = new Map<string, Session>();
  #changes = 0;
  #asking = 0;

  constructor(authority: Pick<Authority, 'introspect'>, bounds = usualBounds) {
    this.#authority = authority;
    this.#bounds = bounds;
  }

  /**
   * The session of a token, or undefined where the token is no good.
   *
   * @throws ProblemError `unavailable` where the api cannot be reached, or too much is asked at a time.
   */
  async ask(token: string): Promise<Session | undefined> {
    await this.#turn();
    const at = this.#changes;
    try {
      const session = await this.#authority.introspect(token);
      this.#answers.delete(token);
      if (session === undefined) return undefined;
      // A session of its own for each answer, since that is what the time of asking is kept by.
      const own = { ...session };
      this.#askedAt.set(own, at);
      this.#keep(token, own);
      return own;
    } finally {
      this.#asking -= 1;
      this.#waiting.shift()?.();
    }
  }

  /**
   * What {@link ask} last answered of a token. It holds as it does for a connection that was opened with it: until it
   * expires, and as {@link current} says.
   */
  last(token: string): Session | undefined {
    return this.#answers.get(token);
  }

  /** Lets go of all answers: nothing that was vouched for has to hold any more. */
  forget(): void {
    this.#answers.clear();
  }

  changed(change: Change): void {
    if (change.kind !== 'grants-changed' && change.kind !== 'user-changed') return;
    this.#changes += 1;
    const { user } = change;
    const before = this.#told.get(user);
    const news =
      change.kind === 'grants-changed'
        ? { grants: change.grants }
        : { roles: change.roles, isRemoved: change.removed };
    this.#told.delete(user);
    this.#told.set(user, { ...before, ...news, at: this.#changes });
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= remembered) break;
      this.#told.delete(oldest);
    }
  }

  /** A session that {@link ask} answered, as the feed has left it since; undefined where its user is no more. */
  current(session: Session): Session | undefined {
    if (session.kind !== 'user') return session;
    const told = this.#told.get(session.user.id);
    const askedAt = this.#askedAt.get(session);
    if (told === undefined || askedAt === undefined || told.at <= askedAt) return session;
    if (told.isRemoved === true) return undefined;
    const granted = told.grants === undefined ? session : withGrants(session, told.grants);
    return { ...granted, roles: told.roles ?? session.roles };
  }

  #keep(token: string, session: Session): void {
    this.#answers.set(token, session);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= keptAnswers) break;
      this.#answers.delete(oldest);
    }
  }

  async #turn(): Promise<void> {
    this.#asking += 1;
    if (this.#asking <= this.#bounds.atOnce) return;
    if (this.#waiting.length >= this.#bounds.waiting) {
      this.#asking -= 1;
      const detail = 'Too many connect at a time.';
      throw new ProblemError(problemOf('unavailable', { detail, retryAfter: 1 }));
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
