import { ProblemError, problemOf, type PublicKey, type ResourceGuid, type Trigger } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import {
  accountsAnswer,
  certificateAnswer,
  introspectionAnswer,
  revocationsAnswer,
  runtimeOf,
  rolesOf,
  runtimesAnswer,
  sessionOf,
  triggersAnswer,
  userAnswer,
} from './api-answers.ts';
import type { Authority, Certified, ChangeListener, Rights } from './authority.ts';
import { ChangeFeed } from './change-feed.ts';
import type { RuntimeRecord, Session } from './session.ts';

export interface ApiOptions {
  /** Base URL of the api. */
  readonly apiUrl: string;
  readonly serviceCredential: { readonly id: string; readonly secret: string };
}

/** How long the api may take for an answer. */
const answerWithinMs = 5_000;

/** For the log alone: a peer cannot mend it. */
const secretRefused = 'CD_PUSH_SERVICE_SECRET is not the api’s, or CD_PUSH_SERVICE_ID is not.';

/** The compiled schema of an answer. */
interface AnswerOf<Value> {
  Check(value: unknown): value is Value;
}

/** The api over HTTP. */
export class ApiAuthority implements Authority {
  readonly #url: string;
  readonly #authorization: string;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor({ apiUrl, serviceCredential }: ApiOptions, clock: Clock, log: Log) {
    this.#url = apiUrl.replace(/\/+$/, '');
    const { id, secret } = serviceCredential;
    this.#authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    this.#clock = clock;
    this.#log = log;
  }

  async certify(publicKey: PublicKey): Promise<Certified> {
    const body = { method: 'POST', json: JSON.stringify({ publicKey }) };
    const { certificate, keys, issuer, tenant } = await this.#ask(
      '/relay/certificate',
      certificateAnswer,
      body,
    );
    return { certificate, root: { issuer, tenant, keys } };
  }

  async introspect(token: string): Promise<Session | undefined> {
    const form = new URLSearchParams({ token });
    return sessionOf(await this.#ask('/auth/introspect', introspectionAnswer, { method: 'POST', form }));
  }

  async runtimes(guids?: readonly ResourceGuid[]): Promise<RuntimeRecord[]> {
    const { runtimes } =
      guids === undefined
        ? await this.#ask('/relay/runtimes', runtimesAnswer)
        : await this.#ask('/relay/runtimes/lookup', runtimesAnswer, {
            method: 'POST',
            json: JSON.stringify({ guids }),
          });
    return runtimes.map(runtimeOf);
  }

  async rights(id: number): Promise<Rights | undefined> {
    const { user } = await this.#ask(`/relay/users/${id}`, userAnswer);
    return user === null ? undefined : { roles: rolesOf(user.roles), grants: user.grants };
  }

  async accounts(): Promise<string[]> {
    return (await this.#ask('/relay/accounts', accountsAnswer)).guids;
  }

  async triggers(): Promise<Trigger[]> {
    const { triggers } = await this.#ask('/interact/triggers', triggersAnswer);
    return triggers.map(({ trigger, emits, carries }) => ({ trigger, emits, carries }));
  }

  async voidedSessions(): Promise<string[]> {
    const { sessions, identities } = await this.#ask('/relay/revocations', revocationsAnswer);
    return [...sessions.map(({ sid }) => sid), ...identities];
  }

  follow(listener: ChangeListener, signal: AbortSignal): Promise<void> {
    const headers = { authorization: this.#authorization };
    return new ChangeFeed(`${this.#url}/changes`, headers, listener, this.#clock, this.#log, signal).start();
  }

  async #ask<Value>(
    path: string,
    answer: AnswerOf<Value>,
    request: { readonly method?: string; readonly json?: string; readonly form?: URLSearchParams } = {},
  ): Promise<Value> {
    const unavailable = (detail: string, cause?: unknown): ProblemError =>
      new ProblemError(problemOf('unavailable', { detail, retryAfter: 1 }), { cause });
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method: request.method ?? 'GET',
        headers: {
          authorization: this.#authorization,
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: request.json ?? request.form ?? null,
        signal: AbortSignal.timeout(answerWithinMs),
      });
      body = await response.json();
    } catch (error) {
      throw unavailable('The api cannot be reached.', error);
    }
    if (response.status === 401) throw unavailable('The api refuses this relay.', new Error(secretRefused));
    if (!response.ok) throw unavailable(`The api answered ${response.status} to ${path}.`);
    if (!answer.Check(body)) throw unavailable(`The api’s answer to ${path} is not understood here.`);
    return body;
  }
}
