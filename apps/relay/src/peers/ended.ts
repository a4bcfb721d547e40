import type { SignedParts } from '@cd-push/store';
import { fromBase64url } from '@cd-push/timeline';

/** Ids that are remembered; what was signed in a session outlives it by less than it takes to end so many. */
const remembered = 10_000;

/** A set that forgets its oldest members first. */
class Recent {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= remembered) break;
      this.#ids.delete(oldest);
    }
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  list(): string[] {
    return [...this.#ids];
  }
}

/**
 * What the api ended. A peer may have been introspected a moment before it heard of the end, so the end is remembered
 * beyond the connections that it cut.
 */
export class Ended {
  /** By logout, or taken back; of an identity that was ended, all of them by its name. */
  readonly sessions = new Recent();
  /** Those whose signatures do not count any more. */
  readonly voidedSessions = new Recent();
  readonly #identities = new WeakMap<SignedParts, string | undefined>();
  /** Removed runtimes, by guid. */
  readonly runtimes = new Recent();

  /** Whether what a certificate's session signs does not count any more. */
  voids({ session, identity }: { readonly session: string; readonly identity: string }): boolean {
    return this.voidedSessions.has(session) || this.voidedSessions.has(identity);
  }

  /** Whether what was signed does not count any more, because its session or the identity behind it was ended. */
  isVoided(signed: SignedParts | undefined): boolean {
    if (signed === undefined || this.voidedSessions.isEmpty) return false;
    if (this.voidedSessions.has(signed.session)) return true;
    if (!this.#identities.has(signed)) this.#identities.set(signed, identityIn(signed.certificate));
    return this.voidedSessions.has(this.#identities.get(signed) ?? '');
  }
}

/** The identity that a certificate names which was verified when its push was accepted. */
const identityIn = (certificate: string): string | undefined => {
  const bytes = fromBase64url(certificate.split('.')[1] ?? '');
  const payload: unknown = bytes && JSON.parse(new TextDecoder().decode(bytes));
  if (typeof payload !== 'object' || payload === null || !('identity' in payload)) return undefined;
  return typeof payload.identity === 'string' ? payload.identity : undefined;
};
