import { once } from 'node:events';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

import { generate } from 'selfsigned';
import { expect, onTestFinished, test } from 'vitest';

import { startApi } from '../src/index.ts';
import { newFolder } from './support/test-api.ts';

test('with a key and a certificate the api speaks HTTPS, and only that', async () => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const api = await startApi({
    dataFile: join(newFolder(), 'api.db'),
    tls: { key: pems.private, cert: pems.cert },
    logLevel: 'silent',
  });
  onTestFinished(() => api.close());
  const { port } = new URL(api.url);
  expect(api.url).toBe(`https://127.0.0.1:${port}`);

  const request = get(`https://localhost:${port}/.well-known/cd-push`, { ca: pems.cert, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(await json(response)).toMatchObject({ issuer: api.url });
  await expect(fetch(`http://127.0.0.1:${port}/.well-known/cd-push`)).rejects.toThrow();
});
