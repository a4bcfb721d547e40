import { ProblemSchema } from '@cd-push/protocol';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** Describes every route that follows, from the schemas that it is validated by. */
export const describeRoutes = async (app: FastifyInstance): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'cd-push api',
        description: 'Who you are in cd-push, and what you may push.',
        version: '1',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          service: { type: 'http', scheme: 'basic' },
        },
      },
    },
    // Whatever a route answers, it refuses with a problem; said here once instead of at each.
    transform: ({ schema, url }) => ({
      url,
      schema: {
        ...schema,
        response: {
          ...(typeof schema.response === 'object' ? schema.response : { 200: { description: 'Done.' } }),
          '4XX': {
            description: 'Refused, and why.',
            content: { 'application/problem+json': { schema: ProblemSchema } },
          },
        },
      },
    }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
};
