import { ProblemError, problemOf, type SyncRequest, type SyncResponse } from '@cd-push/protocol';

import { toBase64url } from '../crypto/base64url.ts';
import type { Address } from '../objects/address.ts';
import { arriving, carriesOf, travelling, type Cargo } from './cargo.ts';
import { orThrow } from './or-throw.ts';
import type { SignedTurns } from './signed-turns.ts';
import { contextKind } from './sync-control.ts';
import type { SyncPeer } from './sync-peer.ts';

/** A response that is no refusal, with what came beside it. */
export interface Heard<Says extends SyncResponse = SyncResponse> {
  readonly says: Says;
  readonly cargo: readonly Cargo[];
}

export type Stage = SyncResponse['stage'];

/** Why a saga ended without a result, so that both sides know; the connection is good for another one. */
export class SagaOver extends ProblemError {}

/** The turns of one saga as its initiator takes them: each signed, each answer verified and following on. */
export class SagaTurns {
  /** Names the saga. */
  readonly id = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
  readonly #peer: SyncPeer;
  readonly #signed: SignedTurns;
  readonly #signal: AbortSignal;
  readonly #atMost: number;
  #turn = 0;
  #previous: Address | undefined;

  constructor(peer: SyncPeer, signed: SignedTurns, signal: AbortSignal, atMost: number) {
    this.#peer = peer;
    this.#signed = signed;
    this.#signal = signal;
    this.#atMost = atMost;
  }

  /** Requests and responses so far. */
  get count(): number {
    return this.#turn;
  }

  /**
   * One turn and its answer.
   *
   * @param expected which answers make sense.
   * @throws {SagaOver} what the responder refuses; {ProblemError} where its answer does not hold or none came.
   */
  async exchange<Expected extends Exclude<Stage, 'refused'>>(
    says: SyncRequest,
    cargo: readonly Cargo[],
    expected: readonly Expected[],
  ): Promise<Heard<Extract<SyncResponse, { stage: Expected }>>> {
    this.#signal.throwIfAborted();
    if (this.#turn >= this.#atMost) {
      throw new ProblemError(
        problemOf('too-large', { detail: `This takes more than ${this.#atMost} turns.` }),
      );
    }
    const objects = cargo.map((item) => orThrow(travelling(item)));
    const carries = await carriesOf(cargo);
    const context = {
      kind: contextKind,
      saga: this.id,
      turn: this.#turn,
      ...(this.#previous === undefined ? {} : { previous: this.#previous }),
      ...(carries === undefined ? {} : { carries }),
      says,
    } as const;
    const { address, proof } = await this.#signed.sign(context);
    const answer = await this.#peer.exchange({ context, ...proof, objects }, this.#signal);
    this.#signal.throwIfAborted();

    const answered = orThrow(await this.#signed.verify(answer.context, answer));
    if (answer.context.saga !== this.id || answer.context.turn !== this.#turn + 1)
      throw strayed('It is of another turn.');
    if (answer.context.previous !== address) throw strayed('It answers something else.');
    this.#turn += 2;
    this.#previous = answered;
    const fault = answer.origin && (await this.#signed.learn(answer.origin));
    if (fault !== undefined) throw new ProblemError(fault);
    const arrived = orThrow(await arriving(answer.objects));
    if ((await carriesOf(arrived)) !== answer.context.carries) {
      const detail = 'The objects are not those that the responder has signed.';
      throw new ProblemError(problemOf('bad-object', { path: '/objects', detail }));
    }
    const response = answer.context.says;
    if (response.stage === 'refused') throw new SagaOver(response.problem);
    if (!isOneOf(response, expected)) throw strayed(`"${response.stage}" answers nothing that was asked.`);
    return { says: response, cargo: arrived };
  }
}

const isOneOf = <Expected extends Stage>(
  response: SyncResponse,
  expected: readonly Expected[],
): response is Extract<SyncResponse, { stage: Expected }> =>
  expected.some((stage) => stage === response.stage);

const strayed = (detail: string): ProblemError =>
  new ProblemError(problemOf('invalid-request', { path: '/context', detail }));
