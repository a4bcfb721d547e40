import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, it } from 'vitest';

import { createProxy } from '../src/stack/proxy.ts';

const open = new Set<() => void>();
afterEach(() => {
  for (const close of open) close();
  open.clear();
});

/** A server that says who it is and what it was asked. */
const serve = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const saying = (name: string): Promise<string> =>
  serve((request, response) => void response.end(`${name} ${request.method} ${request.url}`));

it('one address leads to the api, to the relay and its contents, and to all else of the page', async () => {
  const proxy = createProxy(await saying('api'), await saying('relay'));
  const url = await serve((request, response) => {
    if (!proxy.request(request, response)) response.end('page');
  });
  const digest = `sha256-${'A'.repeat(43)}`;
  const answers: Record<string, string> = {
    '/cd-push/api/auth/login': 'api GET /auth/login',
    '/socket.io/?EIO=4': 'relay GET /socket.io/?EIO=4',
    [`/contents/${digest}`]: `relay GET /contents/${digest}`,
    '/contents/readme.html': 'page',
    '/': 'page',
  };
  for (const [path, answer] of Object.entries(answers))
    expect(await (await fetch(url + path)).text()).toBe(answer);
  const put = await fetch(`${url}/contents/${digest}`, { method: 'PUT', body: 'content' });
  expect(await put.text()).toBe(`relay PUT /contents/${digest}`);
});
