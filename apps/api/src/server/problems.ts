import { pointerPart, ProblemError, problemOf, type Problem, type ProblemKind } from '@cd-push/protocol';
import { isUnreachable } from '@cd-push/store';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';

/** Every refusal leaves through here, as application/problem+json. */
export const answerProblems = (app: FastifyInstance): void => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = problemFrom(error);
    if (problem.kind === 'internal') request.log.error({ err: error }, 'request failed');
    if (problem.kind === 'unavailable') request.log.warn({ err: error }, 'the store cannot be reached');
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(
      reply,
      problemOf('not-found', { detail: 'No such path; GET /openapi.json lists what there is.' }),
    ),
  );
};

/** For what fails before a route is found. */
export const answerFrameworkError = (
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void => {
  sendProblem(reply, problemFrom(error));
};

const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  if (problem.retryAfter !== undefined) reply.header('retry-after', Math.ceil(problem.retryAfter));
  if (problem.status === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer');
  return reply
    .status(problem.status)
    .type('application/problem+json; charset=utf-8')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
};

/** A misfit of a schema, as the problem that it is. Says where and which rule, never what was sent. */
export const schemaProblem = (errors: FastifySchemaValidationError[], part: string): ProblemError => {
  const [first] = errors;
  const missing: unknown = first?.keyword === 'required' ? first.params['requiredProperties'] : undefined;
  const name: unknown = Array.isArray(missing) ? missing[0] : undefined;
  const place = first?.instancePath ?? '';
  const path = typeof name === 'string' ? `${place}/${pointerPart(name)}` : place;
  const rule = typeof name === 'string' ? `lacks "${name}"` : (first?.message ?? 'does not fit its schema');
  return new ProblemError(
    problemOf('invalid-request', { path, detail: `${partNames[part] ?? part} ${rule}.` }),
  );
};

const partNames: Readonly<Record<string, string>> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The headers',
};

const kindOfCode: Readonly<Record<string, ProblemKind>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-json',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
  FST_ERR_VALIDATION: 'invalid-request',
  FST_ERR_BAD_URL: 'invalid-request',
};

/** When to ask again for what a store did not answer that could not be reached. */
const storeAwaySeconds = 1;

const problemFrom = (error: unknown): Problem => {
  if (error instanceof ProblemError) return error.problem;
  if (isUnreachable(error)) return problemOf('unavailable', { retryAfter: storeAwaySeconds });
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const kind = kindOfCode[code];
  if (kind === undefined) return problemOf('internal');
  return problemOf(
    kind,
    code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? { detail: 'Send application/json.' } : {},
  );
};
