import { epochMs, isRuntimeToken, type RuntimeToken } from '@cd-push/protocol';
import type { SigningKey } from '@cd-push/timeline';

import { RelayClock } from '../clock/relay-clock.ts';
import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import { isFresh, type AccessToken, type TokenSource } from './access.ts';
import { answerChallenge } from './challenge.ts';
import type { RuntimeIdentity } from './enrol.ts';

/** An enrolled runtime that can show a token whenever one is asked for. */
export class RuntimeSession implements TokenSource {
  readonly clock = new RelayClock();
  readonly identity: RuntimeIdentity;
  /** With which it has enrolled. */
  readonly key: SigningKey;
  #access: AccessToken | undefined;
  #lifetimeMs = 0;
  #described: RuntimeToken | undefined;
  #renewing: Promise<AccessToken> | undefined;

  constructor(identity: RuntimeIdentity, key: SigningKey) {
    this.identity = identity;
    this.key = key;
  }

  /** Labels and groups as the api last told them; an admin may have changed them since enrolment. */
  get described(): Pick<RuntimeToken, 'module' | 'environment' | 'labels' | 'groups' | 'user'> {
    const { module, environment, labels, groups } = this.#described ?? this.identity;
    const user = this.#described?.user ?? null;
    return { module, environment, labels: { ...labels }, groups: [...groups], user };
  }

  async access(): Promise<AccessToken> {
    if (this.#access !== undefined && isFresh(this.#access, this.#lifetimeMs, this.clock.now()))
      return this.#access;
    return this.renew(this.#access?.token ?? '');
  }

  async renew(refused: string): Promise<AccessToken> {
    const held = this.#access;
    if (held !== undefined && held.token !== refused && isFresh(held, this.#lifetimeMs, this.clock.now()))
      return held;
    this.#renewing ??= this.#fetch().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #fetch(): Promise<AccessToken> {
    const { apiUrl, resourceGuid } = this.identity;
    const path = '/auth/runtime-token';
    const { nonce, proof } = await answerChallenge(apiUrl, resourceGuid, this.key);
    const answer = readAnswer(
      isRuntimeToken,
      await request({ apiUrl, path, body: { resourceGuid, nonce, proof } }),
      path,
    );
    this.#described = answer;
    const access = { token: answer.token, expiresAt: epochMs(answer.expiresAt) };
    this.#lifetimeMs = Math.max(0, access.expiresAt - this.clock.now());
    this.#access = access;
    return access;
  }
}

/** A session of an enrolled runtime. Nothing is fetched before it is used. */
export const runtimeSession = (identity: RuntimeIdentity, key: SigningKey): RuntimeSession =>
  new RuntimeSession(identity, key);
