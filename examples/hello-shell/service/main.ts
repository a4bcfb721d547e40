import { createServer, Server, type RequestListener } from 'node:http';

import { stateFor } from './greeter.ts';

/** `GET /?visitor=Ada` greets in a line, `GET /state?visitor=Ada` shows as JSON all that the service holds. */
const answer: RequestListener = ({ url = '/' }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const state = stateFor(searchParams.get('visitor') ?? '');
  if (pathname === '/state') {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(state));
  } else if (pathname === '/') {
    response
      .setHeader('content-type', 'text/plain; charset=utf-8')
      .end(`${state.title}: ${state.greeting}\n`);
  } else {
    response.writeHead(404).end();
  }
};

const listen = (): Server => {
  const fresh = createServer();
  fresh.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    const address = fresh.address();
    if (typeof address === 'object') console.log(`hello-shell service: http://127.0.0.1:${address?.port}/`);
  });
  return fresh;
};

// The server goes on listening; a new version of the code only takes over the answers, without a moment between in
// which nobody would.
const kept = import.meta.hot?.data.server;
const server = kept instanceof Server ? kept : listen();
server.removeAllListeners('request').on('request', answer);

import.meta.hot?.accept();
import.meta.hot?.dispose((data) => Object.assign(data, { server }));
