import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { transformSync } from 'oxc-transform';

import { Show } from './show.ts';
import type { Stage } from './stage.ts';
import { steps, type Step } from './view.ts';

const folder = join(import.meta.dirname, 'page');

/** What the page is made of, by the path under which it is asked for. */
const files: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ['/', ['index.html', 'text/html']],
  ['/app.css', ['app.css', 'text/css']],
  ['/main.ts', ['main.ts', 'text/javascript']],
  ['/draw.ts', ['draw.ts', 'text/javascript']],
  ['/elements.ts', ['elements.ts', 'text/javascript']],
]);

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Bytes of a question. */
const bodyAtMost = 1_024;

/** Serves the page on this machine, and plays what it asks for. */
export class Host implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #show: Show;

  private constructor(stage: Stage) {
    this.#show = new Show(stage);
  }

  static async open(stage: Stage, port: number): Promise<Host> {
    const host = new Host(stage);
    host.#server.listen(port, '127.0.0.1');
    await once(host.#server, 'listening');
    return host;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The page is not served.');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.stack : 'Unknown.'}\n`);
      response.writeHead(500).end();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    // Another page in the same browser, or one that has this address under a name of its own, has no business here.
    const isOurs =
      `http://${request.headers.host}` === this.url && (origin === undefined || origin === this.url);
    if (!isOurs) return void response.writeHead(403).end();
    const { pathname } = new URL(request.url ?? '/', this.url);
    if (request.method === 'GET' && pathname === '/scenarios') return sendJson(response, 200, Show.scenarios);
    if (request.method === 'POST' && pathname === '/steps') return this.#step(request, response);
    const file = request.method === 'GET' ? files.get(pathname) : undefined;
    if (file === undefined) return void response.writeHead(404).end();
    const [name, type] = file;
    const source = await readFile(join(folder, name), 'utf8');
    response
      .writeHead(200, {
        'content-type': `${type}; charset=utf-8`,
        'content-security-policy': policy,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      .end(name.endsWith('.ts') ? scriptOf(name, source) : source);
  }

  async #step(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (Number(request.headers['content-length'] ?? Infinity) > bodyAtMost)
      return void response.writeHead(413).end();
    const asked = readStep(await text(request));
    const taken = asked && (await this.#show.take(asked.scenario, asked.situation, asked.step));
    if (taken === undefined) return void response.writeHead(404).end();
    sendJson(response, 200, taken);
  }
}

/** The page's own sources as a browser runs them. */
const scriptOf = (name: string, source: string): string => {
  const { code, errors } = transformSync(name, source, { sourceType: 'module', target: 'es2022' });
  const [first] = errors;
  if (first !== undefined) throw new Error(`${name}: ${first.message}`);
  return code;
};

const sendJson = (response: ServerResponse, status: number, value: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

const readStep = (body: string): { scenario: number; situation: number; step: Step } | undefined => {
  const value = parsed(body);
  if (typeof value !== 'object' || value === null) return undefined;
  const scenario = 'scenario' in value ? value.scenario : undefined;
  const situation = 'situation' in value ? value.situation : undefined;
  const named = 'step' in value ? value.step : undefined;
  const step = steps.find((known) => known === named);
  if (typeof scenario !== 'number' || typeof situation !== 'number' || step === undefined) return undefined;
  return { scenario, situation, step };
};

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};
