import type { AuditRow } from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { createIdentity, cryptoPlatform, revokeIdentity, rotateIdentity } from '@cd-push/timeline';
import { beforeEach, describe, expect, test } from 'vitest';

import { admin, newKey, startTestApi, type Answer, type TestApi } from './support/test-api.ts';

/** The same numbers for the same seed. */
const seeded = (seed: number) => {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * bound);
  };
};

/** Begins them in an order, at a distance, and at processes that the seed says, and answers what came of each. */
const interleaved = async <Value>(
  seed: number,
  apis: readonly TestApi[],
  deeds: readonly ((api: TestApi) => Promise<Value>)[],
): Promise<readonly Value[]> => {
  const random = seeded(seed);
  const order = deeds.map((deed, index) => ({ deed, index, at: random(6), by: random(apis.length) }));
  const answers = await Promise.all(
    order
      .toSorted((one, other) => one.at - other.at)
      .map(async ({ deed, index, at, by }) => {
        for (let turn = 0; turn < at; turn += 1) await new Promise(setImmediate);
        return [index, await deed(apis[by]!)] as const;
      }),
  );
  return answers.toSorted(([one], [other]) => one - other).map(([, value]) => value);
};

const seeds = Array.from({ length: 8 }, (_, seed) => seed + 1);
/** One after the other, against the same two. */
const withEachSeed = async (run: (seed: number) => Promise<void>): Promise<void> => {
  for (const seed of seeds) {
    await run(seed).catch((error: unknown) => {
      throw new Error(`With the seed ${seed}`, { cause: error });
    });
  }
};
const succeeded = (answers: readonly Answer[]): number[] =>
  answers.flatMap(({ status }, index) => (status < 300 ? [index] : []));
const kindsOf = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ status, body }) => (status < 300 ? [] : [body.kind as string]));

describe.runIf(await hasPostgres())('two processes of the api that are asked at once', () => {
  let apis: readonly [TestApi, TestApi];
  let token: string;
  beforeEach(async () => {
    const database = { url: databaseUrl, schema: newSchema() };
    apis = await Promise.all([startTestApi({ database }), startTestApi({ database })]);
    ({ token } = await apis[0].login());
  });

  test('of a session, a rotation and the end of an identity, all upon one tip, one is taken', () =>
    withEachSeed(async (seed) => {
      const [one, other] = apis;
      const made = await createIdentity();
      const { kept } = await one.bind(admin, made.kept);
      const path = `/identities/${kept.identity}/events`;
      const rotated = await rotateIdentity(kept, made.next);
      const ended = await revokeIdentity(kept);
      const opened = await Promise.all([0, 1, 2].map(() => one.sessionRequest(kept)));
      const answers = await interleaved(seed, apis, [
        ...opened.map(
          ({ body }) =>
            (api: TestApi) =>
              api.call('POST', '/auth/sessions', { body }),
        ),
        (api) => api.call('POST', path, { body: { from: kept.tip, events: rotated.kept.pending } }),
        (api) => api.call('POST', path, { body: { from: kept.tip, events: ended.kept.pending } }),
      ]);
      const [winner, ...more] = succeeded(answers);
      expect(more).toEqual([]);
      const refused = winner === 4 ? ['tip-moved', 'identity-revoked'] : ['tip-moved'];
      for (const kind of kindsOf(answers)) expect(refused).toContain(kind);
      // Each of the two says the same of it, and one row of the audit.
      const views = await Promise.all(apis.map((api) => api.call('GET', `/identities/${kept.identity}`)));
      expect(views.map(({ body }) => body)).toEqual([views[0]?.body, views[0]?.body]);
      expect(views[0]?.body).toMatchObject({ n: 1 });
      expect(views[0]?.body.revokedAt === null).toBe(winner !== 4);
      const { body } = await other.call('GET', '/audit', { token });
      const rows = (body.rows as string[]).map((text) => JSON.parse(text) as AuditRow);
      const said = rows.filter(
        ({ event, targets, detail }) =>
          event !== 'login-refused' &&
          (targets?.includes(kept.identity) === true || detail?.includes(kept.identity) === true),
      );
      expect(said).toHaveLength(2);
    }));

  test('of one request that came twice, also at both, one is answered', () =>
    withEachSeed(async (seed) => {
      const [one] = apis;
      const { kept } = await one.bind();
      const { body } = await one.sessionRequest(kept);
      const open = (api: TestApi) => api.call('POST', '/auth/sessions', { body });
      const opened = await interleaved(seed, apis, [open, open, open]);
      expect(succeeded(opened)).toHaveLength(1);
      expect(kindsOf(opened)).toEqual(['bad-signature', 'bad-signature']);

      const key = await cryptoPlatform.importPrivateKey(kept.key);
      const proof = await one.prove(key, kept.identity);
      const read = (api: TestApi) =>
        api.call('POST', `/identities/${kept.identity}/log`, { body: { key: key.publicKey, ...proof } });
      const answers = await interleaved(seed, apis, [read, read]);
      expect(succeeded(answers)).toHaveLength(1);
      expect(kindsOf(answers)).toEqual(['bad-signature']);
    }));

  test('a join code of one use lets one runtime in', () =>
    withEachSeed(async (seed) => {
      const [one] = apis;
      const made = await one.call('POST', '/join-codes', {
        token,
        body: { module: 'shop', environment: 'development', uses: 1 },
      });
      const { code: joinCode, id } = made.body as { code: string; id: string };
      const enrol = async (api: TestApi): Promise<Answer> => {
        const key = await newKey();
        const proof = await api.prove(key, joinCode);
        return api.call('POST', '/auth/enrol', {
          body: { joinCode, publicKey: key.publicKey, name: `of ${seed} till`, ...proof },
        });
      };
      const withdraw = (api: TestApi) => api.call('DELETE', `/join-codes/${id}`, { token });
      const answers = await interleaved(seed, apis, [enrol, enrol, enrol, enrol, withdraw]);
      const enrolled = answers.slice(0, 4).filter(({ status }) => status === 200);
      expect(enrolled.length).toBeLessThanOrEqual(1);
      // Whether it was withdrawn before, or not.
      if (enrolled.length === 0) expect(answers[4]?.status).toBe(204);
      for (const { status } of answers) expect(status).toBeLessThan(500);
      const { body } = await one.call('GET', '/runtimes', { token });
      const named = (body.runtimes as { name: string }[]).filter(({ name }) =>
        name.startsWith(`of ${seed} `),
      );
      expect(named).toHaveLength(enrolled.length);
    }));

  test('what was ended by its user, at one, is not gone on with at another', () =>
    withEachSeed(async (seed) => {
      const [one, other] = apis;
      const { kept } = await one.bind();
      const opened = await Promise.all([0, 1].map(() => one.sessionRequest(kept)));
      const answers = await interleaved(seed, apis, [
        ...opened.map(
          ({ body }) =>
            (api: TestApi) =>
              api.call('POST', '/auth/sessions', { body }),
        ),
        (api) => api.call('DELETE', `/identities/${kept.identity}`, { token }),
      ]);
      expect(succeeded(answers.slice(0, 2)).length).toBeLessThanOrEqual(1);
      for (const kind of kindsOf(answers)) expect(['tip-moved', 'identity-revoked']).toContain(kind);
      if (answers[2]?.status !== 200) return;
      for (const { body, status } of answers.slice(0, 2)) {
        if (status !== 200) continue;
        const own = body.app_state.sess.jwt.jwtToken as string;
        const { body: asked } = await other.call('GET', '/auth/session', { token: own });
        expect(asked.kind).toBe('session-revoked');
      }
    }));

  test('a session that is ended gets no further token, wherever it asks', () =>
    withEachSeed(async (seed) => {
      const [one, other] = apis;
      const login = await one.login();
      const proofs = await Promise.all([0, 1, 2].map(() => one.prove(login.key, login.sid)));
      const answers = await interleaved(seed, apis, [
        ...proofs.map(
          (proof) => (api: TestApi) =>
            api.call('POST', '/auth/sessions/token', { body: { session: login.sid, ...proof } }),
        ),
        (api) => api.call('POST', '/auth/logout', { token: login.token }),
      ]);
      for (const { status, body } of answers)
        expect(status < 300 || body.kind === 'session-revoked').toBe(true);
      for (const api of apis) expect((await api.renew(login)).answer.body.kind).toBe('session-revoked');
      // What was given out before is good for nothing any more.
      for (const { status, body } of answers.slice(0, 3)) {
        if (status !== 200) continue;
        const { jwtToken } = body.app_state.sess.jwt as { jwtToken: string };
        expect((await other.introspect(jwtToken)).body.active).toBe(false);
      }
    }));
});
