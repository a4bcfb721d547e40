import { ProblemError, problemOf } from '@cd-push/protocol';
import { nameKey } from '@cd-push/store';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { RateLimits } from '../options.ts';

/** Guards that a request passes, or that throw `rate-limited` with the seconds to wait. */
export interface RateGuards {
  /** Counts a try to sign in, by user name and by address. */
  login(request: FastifyRequest, userName: string): Promise<void>;
  /** Counts any other request that needs no session. */
  anonymous(request: FastifyRequest): Promise<void>;
}

const windowMs = 60_000;

/** Counting needs the plugin's decoration, so the guards are made once it is there. */
export const registerRateGuards = async (app: FastifyInstance, limits: RateLimits): Promise<RateGuards> => {
  await app.register(rateLimit, { global: false });
  const names = new WeakMap<FastifyRequest, string>();
  const byName = app.createRateLimit({
    max: limits.loginsPerName,
    timeWindow: windowMs,
    keyGenerator: (request) => `name:${names.get(request) ?? ''}`,
  });
  const byAddress = app.createRateLimit({
    max: limits.loginsPerAddress,
    timeWindow: windowMs,
    keyGenerator: (request) => `login:${request.ip}`,
  });
  const anonymous = app.createRateLimit({
    max: limits.requestsPerAddress,
    timeWindow: windowMs,
    keyGenerator: (request) => `anonymous:${request.ip}`,
  });
  return {
    login: async (request, userName) => {
      pass(await byAddress(request));
      names.set(request, nameKey(userName));
      pass(await byName(request));
    },
    anonymous: async (request) => pass(await anonymous(request)),
  };
};

type Count = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

const pass = (count: Count): void => {
  if (count.isAllowed || !count.isExceeded) return;
  throw new ProblemError(problemOf('rate-limited', { retryAfter: count.ttlInSeconds }));
};
