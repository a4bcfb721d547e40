import { limits as wireLimits, ProblemError, problemOf } from '@cd-push/protocol';
import { nameKey } from '@cd-push/store';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { RateLimits } from '../options.ts';

/** Guards that a request passes, or that throw `rate-limited` with the seconds to wait. */
export interface RateGuards {
  /** Counts a try to sign in, by address. */
  signIn(request: FastifyRequest): Promise<void>;
  /** Counts a try of a password, by user name and address, and by user name from wherever. */
  password(request: FastifyRequest, userName: string): Promise<void>;
  /** Counts what a user's identities have said, by user. */
  identityEvents(request: FastifyRequest, userId: number, events: number): Promise<void>;
  /** Counts any other request that needs no session. */
  anonymous(request: FastifyRequest): Promise<void>;
}

const windowMs = 60_000;
/**
 * Names and addresses that are counted at a time. Past it the longest unheard of is forgotten, so that more tries than
 * this must come within a window to hide one: far more than the bound on an address lets through.
 */
const counted = 100_000;
/**
 * Tries of one name from everywhere, in tries from one address: nobody keeps a user out from an address of their own, and
 * who has many addresses does not guess much faster.
 */
const anywhere = 10;

/** Counting needs the plugin's decoration, so the guards are made once it is there. */
export const registerRateGuards = async (app: FastifyInstance, limits: RateLimits): Promise<RateGuards> => {
  await app.register(rateLimit, { global: false });
  const names = new WeakMap<FastifyRequest, string>();
  const guard = (max: number, keyGenerator: (request: FastifyRequest) => string) => {
    // Each guard counts in a store of its own; the option is a route's, and the plugin's types leave it out here.
    const options = { max, timeWindow: windowMs, cache: counted, keyGenerator };
    return app.createRateLimit(options);
  };
  const nameOf = (request: FastifyRequest): string => names.get(request) ?? '';
  const byPair = guard(limits.loginsPerName, (request) => `pair:${request.ip} ${nameOf(request)}`);
  const byName = guard(limits.loginsPerName * anywhere, (request) => `name:${nameOf(request)}`);
  const byAddress = guard(limits.loginsPerAddress, (request) => `login:${request.ip}`);
  const owners = new WeakMap<FastifyRequest, number>();
  const byUser = guard(wireLimits.identityEventsPerMinute, (request) => `user:${owners.get(request)}`);
  const anonymous = guard(limits.requestsPerAddress, (request) => `anonymous:${request.ip}`);
  return {
    signIn: async (request) => pass(await byAddress(request)),
    password: async (request, userName) => {
      names.set(request, nameKey(userName));
      pass(await byPair(request));
      pass(await byName(request));
    },
    identityEvents: async (request, userId, events) => {
      owners.set(request, userId);
      for (let event = 0; event < events; event += 1) pass(await byUser(request));
    },
    anonymous: async (request) => pass(await anonymous(request)),
  };
};

type Count = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

const pass = (count: Count): void => {
  if (count.isAllowed || !count.isExceeded) return;
  throw new ProblemError(problemOf('rate-limited', { retryAfter: count.ttlInSeconds }));
};
