import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { ApiOptions } from '../options.ts';

/**
 * Logs what happened, never what was sent: no bodies, no queries, and should some object with a secret ever reach the
 * logger, its known places are blotted out.
 */
export const loggingOf = ({ logLevel, logStream }: ApiOptions) => ({
  level: logLevel ?? 'info',
  stream: logStream ?? process.stderr,
  redact: { paths: secretPaths, censor: '[removed]' },
  serializers: {
    req: (request: FastifyRequest) => ({
      method: request.method,
      path: request.url.split('?', 1)[0],
      address: request.ip,
    }),
  },
});

/** One line per answer, after it was sent. */
export const logAnswers = (app: FastifyInstance): void => {
  app.addHook('onResponse', async (request, reply) => {
    const milliseconds = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ req: request, status: reply.statusCode, milliseconds }, 'answered');
  });
};

const secretNames = [
  'authorization',
  'password',
  'proof',
  'token',
  'joinCode',
  'cd_token',
  'jwtToken',
  'secret',
  'cookie',
];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
