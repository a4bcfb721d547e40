import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { rolldown } from 'rolldown';

const policy = "default-src 'self'; script-src 'self' blob:; object-src 'none'; base-uri 'none'";

export interface PageServer {
  readonly origin: string;
  /** Serves a text at a path from now on. */
  serve(path: string, text: string, type?: string): void;
  close(): Promise<void>;
}

/** At which the same page has no policy. */
export const freePath = '/free';

/** Serves a page under the strictest policy that live modules work under, with a bundle of its script. */
export const startPageServer = async (entry: string): Promise<PageServer> => {
  const bundle = await rolldown({ input: entry, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', entryFileNames: 'entry.js' });
  await bundle.close();

  const files = new Map<string, { readonly text: string; readonly type: string }>();
  const serve: PageServer['serve'] = (path, text, type = 'text/javascript') =>
    void files.set(path, { text, type });
  for (const chunk of output) if (chunk.type === 'chunk') serve(`/${chunk.fileName}`, chunk.code);
  const page = '<!doctype html><title>page</title><script type="module" src="/entry.js"></script>';
  for (const path of ['/', freePath]) serve(path, page, 'text/html');

  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': file?.type ?? 'text/plain',
      ...(request.url === freePath ? {} : { 'content-security-policy': policy }),
    });
    response.end(file?.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    serve,
    close: () =>
      new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
};
