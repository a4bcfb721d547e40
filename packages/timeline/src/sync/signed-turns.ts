import { ok, problemOf, refuse, type Problem, type Result, type SessionOrigin } from '@cd-push/protocol';

import { storedObject } from '../objects/canonical.ts';
import type { Address } from '../objects/address.ts';
import type { Space, StoredObject } from '../space/space.ts';
import type { SyncContext } from './sync-control.ts';
import type { ContextSignature, TurnSigner, TurnVerifier } from './turn-signing.ts';

/** Control objects that wait in memory for a saga that changes something; more of them are put away by themselves. */
const waitingAtMost = 512;

export interface Signing {
  readonly signer: TurnSigner;
  readonly verifier: TurnVerifier;
  /** Where this side's session comes from; told with the first commit. */
  readonly origin?: SessionOrigin | undefined;
}

/**
 * Both sessions of a connection, turn by turn: contexts that this side signs, and those of the other side that hold. Every
 * context and every frame of both sessions comes into the space with what was synchronised under them: that says who did it.
 */
export class SignedTurns {
  readonly #signer: TurnSigner;
  readonly #verifier: TurnVerifier;
  #origin: SessionOrigin | undefined;
  #waiting: StoredObject[] = [];

  constructor({ signer, verifier, origin }: Signing) {
    this.#signer = signer;
    this.#verifier = verifier;
    this.#origin = origin;
  }

  /** Control objects that no commit has brought into the space yet. */
  get waiting(): readonly StoredObject[] {
    return this.#waiting;
  }

  /** Signs a context; from then on the session is one frame longer, whether the context arrives or not. */
  async sign(context: SyncContext): Promise<SignedContext> {
    const object = await storedObject(context);
    const { frames, signature, opening } = await this.#signer.sign(object.address);
    this.#waiting.push(object, ...(await Promise.all(frames.map((frame) => storedObject(frame)))));
    const isCommit = context.says.stage === 'commit' || context.says.stage === 'committed';
    const origin = isCommit ? this.#origin : undefined;
    if (origin !== undefined) {
      this.#origin = undefined;
      this.#waiting.push(...(await objectsOf(origin)));
    }
    return {
      address: object.address,
      proof: {
        signature,
        ...(opening === undefined ? {} : { opening }),
        ...(origin === undefined ? {} : { origin }),
      },
    };
  }

  /** The address of a context of the other side that its session has signed next. */
  async verify(context: SyncContext, { signature, opening }: Proof): Promise<Result<Address, Problem>> {
    const object = await stored(context);
    if (!object.ok) return object;
    const verified = await this.#verifier.verify(object.value.address, { signature, opening });
    if (!verified.ok) return verified;
    this.#waiting.push(
      object.value,
      ...(await Promise.all(verified.value.map((frame) => storedObject(frame)))),
    );
    return ok(object.value.address);
  }

  /** Takes in what the other side says of where its session comes from. */
  async learn(origin: SessionOrigin): Promise<Problem | undefined> {
    const fault = await this.#verifier.originFault(origin);
    if (fault === undefined) this.#waiting.push(...(await objectsOf(origin)));
    return fault;
  }

  /** Takes note that these are in the space. */
  kept(objects: readonly StoredObject[]): void {
    const gone = new Set(objects);
    this.#waiting = this.#waiting.filter((object) => !gone.has(object));
  }

  /** Puts control objects into the space. */
  async keep(space: Pick<Space, 'commit'>): Promise<void> {
    const objects = this.#waiting;
    if (objects.length === 0) return;
    await space.commit({ objects, swaps: [] });
    this.kept(objects);
  }

  /** The same where many wait because nothing was changed for long. */
  async keepIfMany(space: Pick<Space, 'commit'>): Promise<void> {
    if (this.#waiting.length > waitingAtMost) await this.keep(space);
  }

  /** Lets go of control objects that are not to be kept. */
  forget(): void {
    this.#waiting = [];
  }
}

/** What stands beside a context. */
export interface Proof extends ContextSignature {
  readonly origin?: SessionOrigin | undefined;
}

interface SignedContext {
  readonly address: Address;
  readonly proof: { readonly signature: string; readonly opening?: string; readonly origin?: SessionOrigin };
}

const objectsOf = ({ delegation, frames }: SessionOrigin): Promise<StoredObject[]> => {
  const events = delegation === undefined ? [] : [...delegation.establishments, delegation.claim];
  return Promise.all([...events, ...frames].map((object) => storedObject(object)));
};

/** What comes from elsewhere may have no canonical spelling. */
const stored = async (context: SyncContext): Promise<Result<StoredObject, Problem>> => {
  try {
    return ok(await storedObject(context));
  } catch {
    return refuse(
      problemOf('bad-object', { path: '/context', detail: 'It has no canonical spelling (RFC 8785).' }),
    );
  }
};
