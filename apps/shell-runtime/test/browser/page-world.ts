import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import type { ComponentType, ICdPushEnvelop } from '@cd-push/protocol';
import type { BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';

import { contentOf as moduleContent } from '../modules/content.ts';
import { sha256, type FileChange, type Signer } from '../signer.ts';
import type { PageOutcome, PageReport, PageSetup } from './page-entry.ts';

/** The policy that pages have to work under. */
export const policy = "script-src 'self' blob:";

let bundled: Promise<string> | undefined;
const bundle = (): Promise<string> =>
  (bundled ??= (async () => {
    const input = fileURLToPath(new URL('page-entry.ts', import.meta.url));
    const build = await rolldown({ input, platform: 'browser', resolve: { extensions: ['.ts', '.js'] } });
    const { output } = await build.generate({ format: 'esm', codeSplitting: false });
    await build.close();
    return output[0].code;
  })());

export const typeOf = (name: string): ComponentType => {
  if (name.endsWith('.controller.ts')) return 'controller';
  if (name.endsWith('.ts')) return 'module';
  if (name.endsWith('.html')) return 'template';
  if (name.endsWith('.css')) return 'style';
  return name.endsWith('.json') ? 'config' : 'asset';
};

const packageUrl = (name: string): string => `_cd/packages/${name}.js`;

interface BaseEntry {
  readonly type: ComponentType;
  readonly digest: string;
  readonly url: string;
  readonly content: string;
}

/** A project on a server of its own, its page in a tab, and what was pushed to it. */
export class PageWorld {
  readonly signer: Signer;
  readonly context: BrowserContext;
  html = '<!doctype html><title>app</title><body></body>';
  policy = policy;
  /** What the host says of all that it serves. */
  cacheControl = 'no-store';
  revokedSessions: string[] = [];
  overlay = false;
  page!: Page;
  /** Packages that the host serves, by the name that code imports them by. */
  packages: Record<string, string> = {};
  readonly #files = new Map<string, string>();
  readonly #server: Server;
  #origin = '';
  #version = Date.now();
  readonly #requested = new Map<string, PromiseWithResolvers<void>>();
  readonly #heads = new Map<string, string | null>();

  private constructor(signer: Signer, context: BrowserContext, server: Server) {
    this.signer = signer;
    this.context = context;
    this.#server = server;
  }

  static async create(signer: Signer, context: BrowserContext): Promise<PageWorld> {
    const code = await bundle();
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://page');
      world.#requested.get(pathname)?.resolve();
      const answer = world.#answer(pathname, code);
      const headers = { 'content-security-policy': world.policy, 'cache-control': world.cacheControl };
      response.writeHead(answer === undefined ? 404 : 200, {
        ...headers,
        'content-type': answer?.[0] ?? 'text/plain',
      });
      response.end(answer?.[1]);
    });
    const world: PageWorld = new PageWorld(signer, context, server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    world.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return world;
  }

  /** Resolves when the page asks for this path from now on: how a page that hangs is heard of. */
  requested(path: string): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#requested.set(path, waiting);
    return waiting.promise;
  }

  get origin(): string {
    return this.#origin;
  }

  /** Deploys files: what the base serves from now on. */
  deploy(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) this.#files.set(name, text);
  }

  /** Opens a tab; with an instance given, the tab that had it once is opened again. */
  async open(instance?: string): Promise<void> {
    this.page = await this.context.newPage();
    if (instance !== undefined) {
      await this.page.addInitScript((id) => sessionStorage.setItem('cd-push:instance', id), instance);
    }
    await this.page.goto(this.#origin);
    await this.#running();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.#running();
  }

  /** Like a saved file: the next version of each resource, upon the one before. Null deletes. */
  changes(files: Record<string, string | Uint8Array | null>): FileChange[] {
    return Object.entries(files).map(([name, text]): FileChange => {
      const resource = `/app/${name}`;
      const type = typeOf(name);
      const compiled =
        typeof text === 'string' && (type === 'module' || type === 'controller')
          ? moduleContent(resource, text)
          : undefined;
      const content = compiled?.content ?? text;
      const change = {
        resource,
        type,
        version: ++this.#version,
        predecessor: this.head(name),
        content,
        ...(compiled === undefined ? {} : { map: compiled.map }),
      };
      this.#heads.set(resource, content === null ? null : sha256(content));
      return change;
    });
  }

  /** Digest that a sender takes as predecessor. */
  head(name: string): string | null {
    const resource = `/app/${name}`;
    return this.#heads.has(resource)
      ? (this.#heads.get(resource) ?? null)
      : (this.#base()[resource]?.digest ?? null);
  }

  envelope(
    files: Record<string, string | Uint8Array | null>,
    options: Parameters<Signer['patch']>[1] = {},
  ): Promise<ICdPushEnvelop> {
    return this.signer.patch(this.changes(files), options);
  }

  async push(
    files: Record<string, string | Uint8Array | null>,
    options: Parameters<Signer['patch']>[1] = {},
  ): Promise<PageOutcome> {
    return this.send(await this.envelope(files, options));
  }

  send(envelope: ICdPushEnvelop): Promise<PageOutcome> {
    return this.page.evaluate((given) => globalThis.cd.push(given), envelope);
  }

  reports(): Promise<readonly PageReport[]> {
    return this.page.evaluate(() => globalThis.cd.reports);
  }

  violations(): Promise<readonly string[]> {
    return this.page.evaluate(() => globalThis.cd.violations);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #running(): Promise<void> {
    await this.page.waitForFunction(() => 'cd' in globalThis);
    await this.page.evaluate(() => globalThis.cd.started);
  }

  #base(): Record<string, BaseEntry> {
    return Object.fromEntries(
      [...this.#files].map(([name, text]): [string, BaseEntry] => {
        const resource = `/app/${name}`;
        const type = typeOf(name);
        if (type !== 'module' && type !== 'controller') {
          return [resource, { type, digest: sha256(text), url: name, content: text }];
        }
        const { digest, content } = moduleContent(resource, text);
        return [resource, { type, digest, url: `_cd/${digest}.js`, content }];
      }),
    );
  }

  #answer(path: string, code: string): [type: string, body: string] | undefined {
    if (path === '/') return ['text/html', `${this.html}<script type="module" src="/entry.js"></script>`];
    if (path === '/entry.js') return ['text/javascript', code];
    if (path === '/setup.json') return ['application/json', JSON.stringify(this.#setup())];
    const resources = this.#base();
    if (path === '/cd-push.base.json') {
      const base = sha256(JSON.stringify(resources));
      const packages = Object.fromEntries(Object.keys(this.packages).map((name) => [name, packageUrl(name)]));
      return ['application/json', JSON.stringify({ module: 'app', base, resources, packages })];
    }
    const imported = Object.entries(this.packages).find(([name]) => `/${packageUrl(name)}` === path);
    if (imported !== undefined) return ['text/javascript', imported[1]];
    const found = Object.values(resources).find(({ url }) => `/${url}` === path);
    if (found === undefined) return undefined;
    const types = {
      style: 'text/css',
      template: 'text/html',
      config: 'application/json',
      asset: 'image/svg+xml',
    } as const;
    return [found.type in types ? types[found.type as keyof typeof types] : 'text/javascript', found.content];
  }

  #setup(): PageSetup {
    return {
      self: {
        guid: 'runtime-1',
        recipient: 'runtime-1',
        user: null,
        groups: [],
        module: 'app',
        environment: 'development',
        labels: {},
        trust: this.signer.trust,
        approvals: 0,
      },
      revokedSessions: this.revokedSessions,
      overlay: this.overlay,
    };
  }
}
