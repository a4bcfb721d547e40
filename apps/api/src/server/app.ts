import jwt from '@fastify/jwt';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { LogController, type FastifyInstance } from 'fastify';

import type { Issuer } from '../identity/issuer.ts';
import type { ApiOptions } from '../options.ts';
import { endConnections } from './closing.ts';
import { guardDoor, type Door } from './door.ts';
import { readBodies } from './json-body.ts';
import { logAnswers, loggingOf } from './logging.ts';
import { describeRoutes } from './openapi.ts';
import { answerFrameworkError, answerProblems, schemaProblem } from './problems.ts';

/** No request here is larger than a user's grants. */
const bodyBytes = 64 * 1024;

/** A server with everything but its routes. */
export const buildApp = async (options: ApiOptions, issuer: Issuer, door: Door): Promise<FastifyInstance> => {
  const app = fastify({
    logger: loggingOf(options),
    logController: new LogController({ disableRequestLogging: true }),
    https: options.tls ?? null,
    bodyLimit: bodyBytes,
    // Slow requests do not hold a connection for ever; the change feed is a response, which this leaves alone.
    requestTimeout: 30_000,
    // While it closes, what is under way is answered.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    trustProxy: options.trustedProxies === undefined ? false : [...options.trustedProxies],
    exposeHeadRoutes: false,
    frameworkErrors: answerFrameworkError,
    schemaErrorFormatter: schemaProblem,
  });
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // Answers are made from types; a serializer of its own per route would only be another place to be wrong.
  app.setSerializerCompiler(() => (value: unknown) => JSON.stringify(value));
  logAnswers(app);
  endConnections(app);
  answerProblems(app);
  readBodies(app);
  await guardDoor(app, door);
  await app.register(jwt, {
    secret: { private: issuer.signing.privatePem, public: issuer.signing.publicPem },
    sign: { algorithm: 'EdDSA' },
    verify: { algorithms: ['EdDSA'], cache: false },
  });
  await describeRoutes(app);
  return app;
};
