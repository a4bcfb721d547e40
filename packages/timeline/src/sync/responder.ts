import {
  ProblemError,
  problemOf,
  type Problem,
  type SyncResponse,
  type SyncTurn,
  type SyncTurnAnswer,
} from '@cd-push/protocol';

import type { MergeSteps } from '../merge/merge-steps.ts';
import type { SyntaxCheck } from '../merge/syntax.ts';
import type { Address } from '../objects/address.ts';
import type { Verify } from '../space/quarantine.ts';
import type { Space } from '../space/space.ts';
import { arriving, carriesOf, travelling, type Cargo } from './cargo.ts';
import { orThrow } from './or-throw.ts';
import { Relations } from './relations.ts';
import { ResponderSaga, type Said } from './responder-saga.ts';
import { Selections } from './selections.ts';
import { SignedTurns, type Signing } from './signed-turns.ts';
import { contextKind } from './sync-control.ts';
import type { SyncGate } from './sync-gate.ts';
import { responderLimits, type SyncLimits } from './sync-limits.ts';

export interface ResponderOptions {
  /** This side's. */
  readonly space: Space;
  readonly signing: Signing;
  readonly gate: SyncGate;
  /** Of the space; made anew by default. */
  readonly relations?: Relations | undefined;
  /** The same. */
  readonly selections?: Selections | undefined;
  readonly limits?: SyncLimits | undefined;
  /** Parsers by which merges that name them are made again, to see whether they are what they say. */
  readonly syntax?: SyntaxCheck | undefined;
  /** Hears of what it takes to make merges again, and may end it. */
  readonly mergeSteps?: MergeSteps | undefined;
  /** Last word on what is about to be committed, after everything else held. */
  readonly verify?: Verify | undefined;
  /** What failed here without being the other side's fault, and what it is told of that: `internal` by default. */
  readonly explain?: ((error: unknown) => Problem | undefined) | undefined;
}

/** The saga that is under way, and where it stands. */
interface Open {
  readonly id: string;
  readonly saga: ResponderSaga;
  /** Number of the next request. */
  turn: number;
  previous: Address;
}

/**
 * Answers the turns of one connection, one at a time. It has one saga at most; another `init`, or its end, forgets what was
 * kept for it. What cannot be believed - a signature, an order of turns - ends it for good; what is refused is said in a
 * signed response, and another saga may follow.
 */
export class Responder {
  readonly #parts: ResponderOptions & {
    readonly relations: Relations;
    readonly selections: Selections;
    readonly limits: SyncLimits;
  };
  readonly #signed: SignedTurns;
  #open: Open | undefined;
  #isClosed = false;
  #busy: Promise<SyncTurnAnswer> | undefined;
  /** A turn that is repeated gets the answer that it got. */
  #last: { readonly signature: string; readonly answer: Promise<SyncTurnAnswer> } | undefined;

  constructor(options: ResponderOptions) {
    this.#parts = {
      ...options,
      relations: options.relations ?? new Relations(options.space),
      selections: options.selections ?? new Selections(),
      limits: options.limits ?? responderLimits,
    };
    this.#signed = new SignedTurns(options.signing);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether nothing of a saga is kept but where it stands. */
  get isIdle(): boolean {
    return this.#open?.saga.isIdle ?? true;
  }

  /** Bytes that are kept for the saga: those in quarantine, and what it takes to know what was sent. */
  get waitingBytes(): number {
    return this.#open?.saga.waitingBytes ?? 0;
  }

  /**
   * One turn.
   *
   * @throws {ProblemError} where it cannot be believed; nothing is answered any more then.
   */
  answer(turn: SyncTurn): Promise<SyncTurnAnswer> {
    // The signature covers the number of the turn: no other has the same.
    if (this.#last?.signature === turn.signature) return this.#last.answer;
    if (this.#busy !== undefined) {
      this.close();
      return Promise.reject(strayed('The turn before was not answered yet.'));
    }
    const answer = this.#believe(turn).finally(() => {
      this.#busy = undefined;
    });
    this.#busy = answer;
    this.#last = { signature: turn.signature, answer };
    return answer;
  }

  /** Forgets everything; a second call changes nothing. */
  close(): void {
    this.#isClosed = true;
    this.#open = undefined;
    this.#last = undefined;
  }

  async #believe(turn: SyncTurn): Promise<SyncTurnAnswer> {
    try {
      if (this.#isClosed)
        throw new ProblemError(problemOf('unavailable', { detail: 'This session has ended.' }));
      return await this.#answer(turn);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #answer({ context, objects, ...proof }: SyncTurn): Promise<SyncTurnAnswer> {
    const address = orThrow(await this.#signed.verify(context, proof));
    const open = this.#following(context, address);
    const fault = proof.origin && (await this.#signed.learn(proof.origin));
    const cargo = orThrow(await arriving(objects));
    const isWhole = (await carriesOf(cargo)) === context.carries;
    const problem = fault ?? (isWhole ? undefined : problemOf('bad-object', notAsSigned));
    const said = problem === undefined ? await this.#hear(open.saga, context.says, cargo) : refusal(problem);
    if (this.#isClosed)
      throw new ProblemError(problemOf('unavailable', { detail: 'This session has ended.' }));

    const travels = said.cargo.map((item) => orThrow(travelling(item)));
    const carries = await carriesOf(said.cargo);
    const answer = {
      kind: contextKind,
      saga: context.saga,
      turn: context.turn + 1,
      previous: address,
      ...(carries === undefined ? {} : { carries }),
      says: said.says,
    } as const;
    const signed = await this.#signed.sign(answer);
    open.turn = context.turn + 2;
    open.previous = signed.address;
    if (isLast(said.says)) this.#open = undefined;
    await this.#keep(said.says);
    return { context: answer, ...signed.proof, objects: travels };
  }

  /** The saga that a request is of. The first one of a saga begins it, and ends the one before. */
  #following({ saga: id, turn, previous }: SyncTurn['context'], address: Address): Open {
    if (turn === 0 && previous === undefined) {
      const saga = new ResponderSaga({ ...this.#parts, signed: this.#signed });
      this.#open = { id, saga, turn: 0, previous: address };
      return this.#open;
    }
    const open = this.#open;
    if (open === undefined || open.id !== id) throw strayed('No such saga is under way.');
    if (turn !== open.turn || previous !== open.previous)
      throw strayed('It does not follow the turn before.');
    return open;
  }

  async #hear(
    saga: ResponderSaga,
    says: SyncTurn['context']['says'],
    cargo: readonly Cargo[],
  ): Promise<Said> {
    try {
      return await saga.hear(says, cargo);
    } catch (error) {
      if (error instanceof ProblemError) return refusal(error.problem);
      return refusal(this.#parts.explain?.(error) ?? problemOf('internal'));
    }
  }

  /** What was signed after the commit comes into the space as well; where it cannot now, it does with the next one. */
  async #keep(says: SyncResponse): Promise<void> {
    try {
      if (!this.#parts.gate.mayWrite()) this.#signed.forget();
      else if (says.stage === 'committed') await this.#signed.keep(this.#parts.space);
      else await this.#signed.keepIfMany(this.#parts.space);
    } catch (error) {
      this.#parts.explain?.(error);
    }
  }
}

/**
 * After which nothing of a saga is expected. It begins again where tips have moved: here, or, once this side has committed,
 * at the other.
 */
const isLast = ({ stage }: SyncResponse): boolean => {
  switch (stage) {
    case 'equal':
    case 'ended':
    case 'refused':
      return true;
    case 'name':
    case 'buckets':
    case 'ack':
    case 'common':
    case 'delta':
    case 'committed':
    case 'moved':
      return false;
    default:
      return stage satisfies never;
  }
};

const notAsSigned = { path: '/objects', detail: 'They are not those that were signed.' };

const refusal = (problem: Problem): Said => ({ says: { stage: 'refused', problem }, cargo: [] });

const strayed = (detail: string): ProblemError =>
  new ProblemError(problemOf('invalid-request', { path: '/context', detail }));
