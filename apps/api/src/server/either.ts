import type { onRequestAsyncHookHandler } from 'fastify';

/** Lets pass whom the first or else the second guard lets pass; who shows Basic is judged by the first alone. */
export const either = (
  basic: onRequestAsyncHookHandler,
  bearer: onRequestAsyncHookHandler,
): onRequestAsyncHookHandler =>
  async function guard(request, reply) {
    const showsBasic = /^Basic /i.test(request.headers.authorization ?? '');
    await (showsBasic ? basic : bearer).call(this, request, reply);
  };
