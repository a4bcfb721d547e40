import { ProblemError, problemOf } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';

const HealthSchema = Type.Object({ status: Type.Literal('ok') });

/** How long the store may take to answer before this process counts as not ready. */
const storeWithinMs = 2_000;

/**
 * `/livez` says that the process answers, `/readyz` that the store does too, so that requests can be served. Neither says
 * anything about anybody, so both are answered under whatever name they are asked by.
 */
export const healthRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/livez',
      {
        config: { anyHost: true },
        schema: { summary: 'Whether the process answers', response: { 200: HealthSchema } },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        config: { anyHost: true },
        schema: { summary: 'Whether requests can be served', response: { 200: HealthSchema } },
      },
      async (request) => {
        try {
          await within(storeWithinMs, api.store.changes.head());
        } catch (error) {
          request.log.warn({ err: error }, 'the store does not answer');
          throw new ProblemError(problemOf('unavailable', { detail: 'The store does not answer.' }));
        }
        return { status: 'ok' as const };
      },
    );
  };

const within = async <Value>(milliseconds: number, value: Promise<Value>): Promise<Value> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms.`)), milliseconds);
  try {
    return await Promise.race([value, promise]);
  } finally {
    clearTimeout(timer);
  }
};
