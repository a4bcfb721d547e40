import { ProblemError, problemOf } from '@cd-push/protocol';
import type { User } from '@cd-push/store';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { hashPassword, verifyPassword } from './password.ts';

export const UserNameSchema = Type.String({ minLength: 1, maxLength: 128 });
export const PasswordSchema = Type.String({ minLength: 1, maxLength: 1024 });

/** Lets the audit know of a sign-in that ends in a problem. */
export const notingRefusals = async <Value>(
  api: Api,
  request: FastifyRequest,
  userName: string,
  signIn: () => Promise<Value>,
): Promise<Value> => {
  try {
    return await signIn();
  } catch (error) {
    if (error instanceof ProblemError) {
      const { kind } = error.problem;
      api.refusedLogins.note({ userName, outcome: kind, from: request.ip, at: api.now() });
    }
    throw error;
  }
};

/**
 * The user of these credentials; an unknown name costs what a known one does.
 *
 * @throws {ProblemError} `invalid-credentials`
 */
export const userWith = async (api: Api, userName: string, password: string): Promise<User> => {
  const found = await api.store.users.findForLogin(userName);
  const { holds, outdated } = await verifyPassword(password, found?.passwordHash ?? api.decoyHash);
  if (found === undefined || !holds) {
    throw new ProblemError(problemOf('invalid-credentials', { detail: 'User name or password is wrong.' }));
  }
  if (outdated) await api.store.users.setPasswordHash(found.user.id, await hashPassword(password));
  return found.user;
};
