import type { IncomingMessage, ServerResponse } from 'node:http';

import { problemOf } from '@cd-push/protocol';

/** `/livez` says that the process answers, `/readyz` that peers can be taken: nothing about anybody. */
export const healthAnswer = async (
  request: IncomingMessage,
  response: ServerResponse,
  isReady: () => Promise<boolean>,
): Promise<void> => {
  const path = request.url?.split('?', 1)[0];
  if (path === '/livez' || (path === '/readyz' && (await isReady()))) {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    return;
  }
  const problem = problemOf(path === '/readyz' ? 'unavailable' : 'not-found');
  response
    .writeHead(problem.status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify(problem));
};
