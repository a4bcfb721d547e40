import { guardJson, parseJson, ProblemError } from '@cd-push/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Reads request bodies: JSON without what no message may hold, or a form where a route says that it takes one. */
export const readBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: FastifyRequest, text: string) => {
      // Some clients name a type also where they send nothing; whether that fits is the route's question.
      if (text === '') return undefined;
      const parsed = parseJson(text);
      if (!parsed.ok) throw new ProblemError(parsed.problem);
      return guarded(parsed.value);
    },
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: FastifyRequest, text: string) => guarded(Object.fromEntries(new URLSearchParams(text))),
  );
};

const guarded = (value: unknown): unknown => {
  const problem = guardJson(value, 'invalid-request');
  if (problem !== undefined) throw new ProblemError(problem);
  return value;
};
