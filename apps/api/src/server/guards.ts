import { epochMs, grantsCover, ProblemError, problemOf, type EpochMs } from '@cd-push/protocol';
import type { Session, User, UserRole } from '@cd-push/store';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';

import type { Api } from '../context.ts';
import { recognise, refusalOf, type Caller } from '../identity/callers.ts';
import { leftBy, scopeOf } from '../identity/registrar.ts';
import { sameSecret } from '../identity/secrets.ts';

/** A user whose token this request carries. */
export interface SignedIn {
  readonly user: User;
  readonly session: Session;
  readonly token: string;
  /** End of that token. */
  readonly expiresAt: EpochMs;
}

const signedIn = new WeakMap<FastifyRequest, SignedIn>();

/** Lets signed-in users pass, before the body is read; with roles, only those who have one of them. */
export const users =
  (api: Api, ...roles: readonly UserRole[]): onRequestAsyncHookHandler =>
  async (request) => {
    const token = bearerOf(request);
    if (token === undefined) throw new ProblemError(refusalOf('invalid'));
    const recognised = await recognise(api.store, api.tokens, token, api.now());
    if (recognised.kind !== 'caller') throw new ProblemError(refusalOf(recognised.kind));
    const { caller } = recognised;
    const allowed =
      caller.kind === 'user' &&
      (roles.length === 0 || roles.some((role) => caller.user.roles.includes(role)));
    if (!allowed) {
      const detail = roles.length === 0 ? 'This is for users.' : `This needs the role ${roles.join(' or ')}.`;
      throw new ProblemError(problemOf('forbidden', { detail }));
    }
    // What takes a role changes or shows what others rely on: the identity has to let its session do that.
    if (roles.length > 0 && scopeOf(caller.session)?.verbs.includes('manage') === false) {
      throw new ProblemError(problemOf('forbidden', { detail: 'The session’s scope leaves out "manage".' }));
    }
    // What is for admins alone is of no file or module, so a session that is let into some of them gets no further by it.
    const isForAdmins = roles.length > 0 && roles.every((role) => role === 'admin');
    if (isForAdmins && !grantsCover(leftBy(caller.session), '/', '*')) {
      const detail = 'The session’s scope is narrower than what this concerns.';
      throw new ProblemError(problemOf('forbidden', { detail }));
    }
    signedIn.set(request, {
      user: caller.user,
      session: caller.session,
      token,
      expiresAt: epochMs(caller.claims.exp * 1000),
    });
  };

/** The user whom {@link users} let pass. */
export const signedInUser = (request: FastifyRequest): SignedIn => {
  const found = signedIn.get(request);
  if (found === undefined) throw new Error('A route asks for the user without its guard.');
  return found;
};

const callers = new WeakMap<FastifyRequest, Caller>();

/** Lets everybody pass who has a token of this tenant, people and runtimes. */
export const members =
  (api: Api): onRequestAsyncHookHandler =>
  async (request) => {
    const token = bearerOf(request);
    if (token === undefined) throw new ProblemError(refusalOf('invalid'));
    const found = await recognise(api.store, api.tokens, token, api.now());
    if (found.kind !== 'caller') throw new ProblemError(refusalOf(found.kind));
    callers.set(request, found.caller);
  };

/** Whom {@link members} let pass; undefined for a service. */
export const memberOf = (request: FastifyRequest): Caller | undefined => callers.get(request);

/** Lets a service pass that shows its credential as HTTP Basic (RFC 7617). */
export const services =
  (api: Api): onRequestAsyncHookHandler =>
  async (request, reply) => {
    const expected = api.settings.serviceCredential;
    const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const shown = Buffer.from(encoded ?? '', 'base64').toString('utf8');
    if (expected !== undefined && sameSecret(shown, `${expected.id}:${expected.secret}`)) return;
    reply.header('www-authenticate', 'Basic realm="services"');
    throw new ProblemError(
      problemOf('invalid-credentials', { detail: 'Show the service credential as HTTP Basic.' }),
    );
  };

const bearerOf = (request: FastifyRequest): string | undefined => {
  const [, token] = /^Bearer ([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(request.headers.authorization ?? '') ?? [];
  return token;
};
