import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { ComponentType, ICdPushEnvelop } from '@cd-push/protocol';
import { onTestFinished } from 'vitest';

import type { NodeRuntimeEvent } from '../../src/node/runtime-event.ts';
import {
  defaultNodeLimits,
  startNode,
  type NodeLimits,
  type NodeRuntime,
} from '../../src/node/start-node.ts';
import { contentOf } from '../modules/content.ts';
import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { MemoryLink, type Report } from './memory-link.ts';

/** A file of the program: text, or bytes; null deletes. */
type Content = string | Uint8Array | null;

const typeOf = (name: string): ComponentType => {
  if (name.endsWith('.controller.ts')) return 'controller';
  if (name.endsWith('.ts')) return 'module';
  if (name.endsWith('.html')) return 'template';
  if (name.endsWith('.css')) return 'style';
  return name.endsWith('.json') ? 'config' : 'asset';
};

/** A program that serves HTTP on a socket of its own folder: `answer` of answer.ts, with a counter that survives. */
export const serverFiles: Readonly<Record<string, string>> = {
  'main.ts': `import { createServer } from 'node:http';
import { answer } from './answer.ts';
let current = answer;
const server = createServer((request, response) => void Promise.resolve(current(request.url)).then((text) => response.end(text)));
await new Promise<void>((resolve) => server.listen(process.env.SOCKET, resolve));
import.meta.hot.accept('./answer.ts', (module) => { current = module.answer; });
import.meta.hot.dispose(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }));`,
  'answer.ts': `const state: { count: number } = import.meta.hot.data.state ?? { count: 0 };
export const answer = () => \`one \${++state.count}\`;
import.meta.hot.dispose((data) => { data.state = state; });`,
};

/** The same, of another generation. */
export const answerSaying = (word: string, top = ''): string =>
  `${top}${serverFiles['answer.ts']!.replace('one', word)}`;

/** A busy machine reaches none of these. Where a limit is the rule under test, that test sets it. */
export const patientLimits: NodeLimits = {
  ...defaultNodeLimits,
  applyMs: 40_000,
  settleMs: 30_000,
  startMs: 20_000,
  releaseMs: 20_000,
  handoverMs: 40_000,
  hangMs: 600_000,
};

/** A program's built base, its state folder, and the relay that pushes to it. */
export class NodeWorld {
  readonly dir: string;
  readonly signer: Signer;
  readonly events: NodeRuntimeEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #version = Date.now();
  #starting: Promise<unknown> | undefined;
  #isOver = false;
  runtime: NodeRuntime | undefined;
  link!: MemoryLink;

  private constructor(dir: string, signer: Signer) {
    this.dir = dir;
    this.signer = signer;
  }

  static async create(files: Readonly<Record<string, Content>>): Promise<NodeWorld> {
    const world = new NodeWorld(await mkdtemp(join(tmpdir(), 'cd-push-node-')), await Signer.create());
    onTestFinished(async () => {
      await world.#end();
      await rm(world.dir, { recursive: true, force: true });
    });
    await mkdir(world.stateDir);
    await world.deploy(files);
    return world;
  }

  get baseDir(): string {
    return join(this.dir, 'base');
  }
  get stateDir(): string {
    return join(this.dir, 'state');
  }
  get socket(): string {
    return join(this.dir, 'http');
  }

  /** Builds a base of these files in place of the one before. */
  async deploy(files: Readonly<Record<string, Content>>): Promise<void> {
    await rm(this.baseDir, { recursive: true, force: true });
    const entries = await Promise.all(
      Object.entries(files).map(async ([name, source]) => {
        const { content, digest } = this.#transformed(name, source ?? '');
        const code = name.endsWith('.ts');
        const url = code ? `_cd/${digest}.js` : name;
        await mkdir(dirname(join(this.baseDir, url)), { recursive: true });
        await writeFile(join(this.baseDir, url), content);
        return [`/app/${name}`, { type: typeOf(name), digest, url }] as const;
      }),
    );
    const base = sha256(entries.map(([resource, { digest }]) => `${resource} ${digest}\n`).join(''));
    const manifest = { module: 'app', base, resources: Object.fromEntries(entries) };
    await writeFile(join(this.baseDir, 'cd-push.base.json'), JSON.stringify(manifest));
  }

  /** A life of the process: ends at `stop`. */
  async start({
    entry = 'main.ts',
    base = this.baseDir,
    limits = {},
  }: { entry?: string; base?: string; limits?: Partial<NodeLimits> } = {}): Promise<NodeRuntime> {
    // A test that ran out of time goes on by itself, and nobody would end what it starts then.
    if (this.#isOver) throw new Error('The test is over.');
    this.link = new MemoryLink(this.signer.trust, 'instance-1');
    const starting = startNode({
      base,
      entry: `/app/${entry}`,
      stateDir: this.stateDir,
      instance: 'instance-1',
      link: this.link,
      projectDir: this.dir,
      env: { ...process.env, SOCKET: this.socket, WORLD: this.dir },
      limits: { ...patientLimits, ...limits },
      event: (event) => {
        this.events.push(event);
        for (const resolve of this.#waiting) resolve();
        this.#waiting.clear();
      },
    }).then((runtime) => (this.runtime = runtime));
    this.#starting = starting;
    return starting;
  }

  async stop(): Promise<void> {
    await this.runtime?.close();
    this.runtime = undefined;
  }

  /** Whatever the test left, also in the middle of a start: a thread in an endless loop would keep a core for good. */
  async #end(): Promise<void> {
    this.#isOver = true;
    await this.#starting?.catch(() => undefined);
    await this.stop();
  }

  async envelope(
    files: Readonly<Record<string, Content>>,
    options: PushOptions = {},
  ): Promise<ICdPushEnvelop> {
    this.#version += 1;
    const changes = Object.entries(files).map(([name, source]): FileChange => {
      const common = { resource: `/app/${name}`, type: typeOf(name), version: this.#version };
      return source === null
        ? { ...common, content: null }
        : { ...common, ...this.#transformed(name, source) };
    });
    return this.signer.patch(changes, options);
  }

  /** Pushes, and gives the report that ended it. */
  async push(files: Readonly<Record<string, Content>>, options: PushOptions = {}): Promise<Report> {
    const envelope = await this.envelope(files, options);
    this.link.send(envelope);
    return this.link.ended(envelope);
  }

  /** The first event of that kind, told already or still to come. */
  async event<Kind extends NodeRuntimeEvent['kind']>(
    kind: Kind,
  ): Promise<Extract<NodeRuntimeEvent, { kind: Kind }>> {
    for (;;) {
      const found = this.events.find(
        (event): event is Extract<NodeRuntimeEvent, { kind: Kind }> => event.kind === kind,
      );
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves once an event of the second kind has followed one of the first. */
  async eventAfter(first: NodeRuntimeEvent['kind'], second: NodeRuntimeEvent['kind']): Promise<void> {
    for (;;) {
      const kinds = this.events.map(({ kind }) => kind);
      const at = kinds.indexOf(first);
      if (at !== -1 && kinds.indexOf(second, at) !== -1) return;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** What the program answers over HTTP. */
  get(path = '/'): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socket, path, agent: false }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .on('end', () => resolve(text))
          .on('error', reject);
      });
      asked.on('error', reject).end();
    });
  }

  #transformed(
    name: string,
    source: string | Uint8Array,
  ): { content: string | Uint8Array; digest: string; map?: string } {
    if (typeof source === 'string' && name.endsWith('.ts')) return contentOf(`/app/${name}`, source);
    return { content: source, digest: sha256(source) };
  }
}
