import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import {
  connect,
  login,
  Publisher,
  type PatchInput,
  type RecipientTrack,
  type Session,
} from '@cd-push/client';
import { silentLog, startRelay } from '@cd-push/relay';
import type { BrowserContext, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

import type { Runtime } from '../../src/index.ts';
import { bundle, type BundleFile } from '../../scripts/bundle-browser.ts';
import { contentOf } from '../modules/content.ts';
import { sha256 } from '../signer.ts';
import { policy, typeOf } from './page-world.ts';

declare global {
  /** Set by the page's own script. */
  var runtime: Runtime | undefined;
  var violations: readonly string[];
}

const serviceCredential = { id: 'relay', secret: 'a service secret of at least 32 characters' };
const targets = [{ select: { module: 'app', environment: 'development' } }];
let built: ReturnType<typeof bundle> | undefined;

/** The real api and relay, a served project with the bundle as users get it, and a developer who may push. */
export class RealStack {
  readonly origin: string;
  readonly apiUrl: string;
  readonly #session: Session;
  readonly #publisher: Publisher;
  readonly #files: Map<string, string>;

  private constructor(
    origin: string,
    apiUrl: string,
    session: Session,
    publisher: Publisher,
    files: Map<string, string>,
  ) {
    this.origin = origin;
    this.apiUrl = apiUrl;
    this.#session = session;
    this.#publisher = publisher;
    this.#files = files;
  }

  /** @param files what the base serves, by name. */
  static async create(html: string, files: Map<string, string>): Promise<RealStack> {
    const runtime = await (built ??= bundle());
    /** What a page has to be allowed to connect to: the api, and the relay in both of its ways. */
    const reached: string[] = [];
    const boot: { apiUrl?: string; relayUrl?: string; joinCode?: string } = {};
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://page');
      const answer = answerOf(pathname, html, runtime, JSON.stringify(boot), files);
      response.writeHead(answer === undefined ? 404 : 200, {
        'content-type': answer?.[0] ?? 'text/plain',
        'content-security-policy': `${policy}; connect-src 'self' ${reached.join(' ')}`,
        'cache-control': 'no-store',
      });
      response.end(answer?.[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const dir = await mkdtemp(join(tmpdir(), 'cd-push-browser-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const grants = [{ prefix: '/app', environments: ['development'] }];
    const api = await startApi({
      dataFile: join(dir, 'api.db'),
      serviceCredential,
      seed: { userName: 'dev', password: 'correct horse', grants, roles: ['developer', 'admin'] },
      allowedOrigins: [origin],
      logLevel: 'silent',
    });
    onTestFinished(() => api.close());
    const relay = await startRelay({
      port: 0,
      allowedOrigins: [origin],
      apiUrl: api.url,
      serviceCredential,
      journal: { kind: 'memory' },
      logger: silentLog,
    });
    onTestFinished(() => relay.close());
    const session = await login({ apiUrl: api.url, userName: 'dev', password: 'correct horse' });
    const connection = connect({ relayUrl: relay.url, session });
    onTestFinished(() => connection.close());
    await connection.opened();
    const { token } = await session.access();
    const answer = await fetch(`${api.url}/join-codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ module: 'app', environment: 'development' }),
    });
    const { code: joinCode } = (await answer.json()) as { code: string };
    reached.push(api.url, relay.url, relay.url.replace(/^http/u, 'ws'));
    Object.assign(boot, { apiUrl: api.url, relayUrl: relay.url, joinCode });
    return new RealStack(origin, api.url, session, new Publisher({ connection, session }), files);
  }

  /** An admin takes back the session that signed what was pushed. */
  async withdrawSession(): Promise<void> {
    const { token } = await this.#session.access();
    const [, payload = ''] = token.split('.');
    const { sid } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sid: string };
    await fetch(`${this.apiUrl}/sessions/${sid}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    });
  }

  /** Deploys another base. */
  deploy(name: string, text: string): void {
    this.#files.set(name, text);
  }

  /** Opens a tab and waits until it is connected. */
  async open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(this.origin);
    await connected(page);
    return page;
  }

  /** Pushes texts by file name; gives how it ended for each recipient. */
  async push(files: Record<string, string>): Promise<readonly RecipientTrack[]> {
    const patches = Object.entries(files).map(([name, text]): PatchInput => {
      const resource = `/app/${name}`;
      const componentType = typeOf(name);
      const isCode = componentType === 'module' || componentType === 'controller';
      const { content, map } = isCode ? contentOf(resource, text) : { content: text, map: undefined };
      return { resource, componentType, change: 'put', content, map };
    });
    const push = this.#publisher.push({ environment: 'development', targets, patches });
    const { reached, missed } = await push.settled('completed');
    return [...reached, ...missed];
  }

  /** Pushes without waiting for anyone to take it. */
  async leave(files: Record<string, string>): Promise<void> {
    const patches = Object.entries(files).map(([name, content]): PatchInput => ({
      resource: `/app/${name}`,
      componentType: typeOf(name),
      change: 'put',
      content,
    }));
    await this.#publisher.push({ environment: 'development', targets, patches }).accepted;
  }
}

export const connected = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => globalThis.runtime?.state().link.state === 'connected');
};

const bootScript = `import { startRuntime } from '/runtime.js';
  globalThis.violations = [];
  addEventListener('securitypolicyviolation', ({ blockedURI }) => globalThis.violations.push(blockedURI));
  const boot = await (await fetch('/boot.json')).json();
  globalThis.runtime = await startRuntime({ ...boot, baseUrl: '/', entry: '/app/main.ts' });`;

const answerOf = (
  path: string,
  html: string,
  runtime: readonly BundleFile[],
  boot: string,
  files: ReadonlyMap<string, string>,
): [type: string, body: string] | undefined => {
  if (path === '/') return ['text/html', `${html}<script type="module" src="/boot.js"></script>`];
  if (path === '/boot.js') return ['text/javascript', bootScript];
  const file = runtime.find(({ name }) => `/${name}` === path);
  if (file !== undefined) return ['text/javascript', file.code];
  if (path === '/boot.json') return ['application/json', boot];
  const served = [...files].map(([name, text]) => {
    const resource = `/app/${name}`;
    const type = typeOf(name);
    if (type !== 'module' && type !== 'controller')
      return { resource, type, digest: sha256(text), url: name, text };
    const { digest, content } = contentOf(resource, text);
    return { resource, type, digest, url: `_cd/${digest}.js`, text: content };
  });
  if (path === '/cd-push.base.json') {
    const resources = Object.fromEntries(
      served.map(({ resource, type, digest, url }) => [resource, { type, digest, url }]),
    );
    const base = sha256(JSON.stringify(resources));
    return ['application/json', JSON.stringify({ module: 'app', base, resources })];
  }
  const found = served.find(({ url }) => `/${url}` === path);
  return found && [found.type === 'style' ? 'text/css' : 'text/javascript', found.text];
};
