import { join } from 'node:path';

import { CommTrackSchema, ProblemSchema, RecipientTrackSchema } from '@cd-push/protocol';
import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { Program } from './program.ts';
import type { Workplace } from './workplace.ts';

const { recipient, stage } = RecipientTrackSchema.properties;

/** What `cd-cli up --json` says once it takes requests. */
const Ready = Type.Object({
  type: Type.Literal('ready'),
  apiUrl: Type.String(),
  relayUrl: Type.String(),
  pageUrl: Type.String(),
  joinCode: Type.String(),
});

/** What `cd-cli watch --json` says once nothing more can happen to a push. */
const Settled = Type.Object({
  type: Type.Literal('result'),
  pushGuid: Type.String(),
  commTrack: CommTrackSchema,
  recipients: Type.Array(
    Type.Object({
      recipient,
      kind: Type.Enum(['browser', 'node']),
      stage,
      commTrack: CommTrackSchema,
      problem: Type.Optional(ProblemSchema),
    }),
  ),
});
export type SettledPush = Static<typeof Settled>;

/** What it says of a push that nobody got. */
const Refused = Type.Object({ type: Type.Literal('refused'), problem: ProblemSchema });

/** What `cd-cli targets --json` says of each runtime. */
const Target = Type.Object({ recipient, connected: Type.Boolean() });

// Bounds for a machine that has much else to do; usually each of these takes a fraction of a second.
const startMs = 60_000;
const settleMs = 30_000;

/** Everything that the demo starts beside the page, as the programs that users have. */
export class Stack {
  readonly project: string;
  readonly pageUrl: string;
  readonly serviceUrl: string;
  readonly #place: Workplace;
  readonly #owner: AsyncDisposableStack;
  #watch: Program | undefined;

  private constructor(
    place: Workplace,
    owner: AsyncDisposableStack,
    urls: { pageUrl: string; serviceUrl: string },
  ) {
    this.project = place.project;
    this.pageUrl = urls.pageUrl;
    this.serviceUrl = urls.serviceUrl;
    this.#place = place;
    this.#owner = owner;
  }

  /**
   * Starts api, relay and page host in one process, and the service in another.
   *
   * @param owner ends what is started here.
   */
  static async start(place: Workplace, owner: AsyncDisposableStack): Promise<Stack> {
    const up = owner.use(cli(place, ['up', '--json', '--port', '0']));
    const ready = await up.find(lineOf(Ready), 'being ready', startMs);
    const service = owner.use(startService(place, ready));
    const serviceUrl = await service.find((line) => /http:\S+/u.exec(line)?.[0], 'its address', startMs);
    return new Stack(place, owner, { pageUrl: ready.pageUrl, serviceUrl });
  }

  /** Resolves once so many runtimes are connected to the relay. */
  async connected(count: number): Promise<void> {
    const signal = AbortSignal.timeout(startMs);
    for (;;) {
      const targets = await this.#targets();
      if (targets.filter(({ connected }) => connected).length >= count) return;
      if (signal.aborted) throw new Error(`Not ${count} runtimes connected within ${startMs} ms.`);
    }
  }

  /** From now on what is saved is pushed, and {@link settledPush} tells of it. */
  async watch(): Promise<void> {
    this.#watch = this.#owner.use(cli(this.#place, ['watch', '--json']));
    await this.#watch.find(lineOf(Type.Object({ type: Type.Literal('watching') })), 'watching', startMs);
  }

  /** From now on what is saved is pushed, and whoever sits in front of this process is told. Resolves at its end. */
  async watchAloud(json: boolean): Promise<void> {
    const watch = this.#owner.use(cli(this.#place, ['watch', ...(json ? ['--json'] : [])], { aloud: true }));
    await watch.rest();
  }

  /** The next push, once nothing more can happen to it. */
  async settledPush(): Promise<SettledPush> {
    if (this.#watch === undefined) throw new Error('Nothing is watched yet.');
    const settled = await this.#watch.find(
      (line) => lineOf(Settled)(line) ?? lineOf(Refused)(line),
      'a push that has settled',
      settleMs,
    );
    if (settled.type === 'result') return settled;
    throw new Error(`The push was refused: ${settled.problem.detail ?? settled.problem.title}`);
  }

  /** What a command says, once it has ended well. */
  async ask(args: readonly string[]): Promise<readonly string[]> {
    await using program = cli(this.#place, args);
    return await program.rest();
  }

  async #targets(): Promise<Static<typeof Target>[]> {
    const lines = await this.ask(['targets', '--json']);
    return lines.map(lineOf(Target)).filter((target) => target !== undefined);
  }
}

const envOf = ({ home, data }: Workplace): NodeJS.ProcessEnv => ({
  ...process.env,
  // Nobody's keys and settings are touched.
  CD_PUSH_CONFIG_HOME: home,
  CD_PUSH_DATA: data,
});

const packages = join(import.meta.dirname, '../node_modules/@cd-push');
const cliFile = join(packages, 'cli/dist/main.js');
const nodeRuntimeFile = join(packages, 'shell-runtime/dist/node/main.js');

const cli = (place: Workplace, args: readonly string[], { aloud = false } = {}): Program =>
  new Program({
    name: `cd-cli ${args[0]}`,
    args: [cliFile, ...args],
    cwd: place.project,
    env: envOf(place),
    aloud,
  });

const startService = (
  place: Workplace,
  { apiUrl, relayUrl, pageUrl, joinCode }: Static<typeof Ready>,
): Program => {
  const options = {
    base: pageUrl,
    entry: '/hello-shell/service/main.ts',
    api: apiUrl,
    relay: relayUrl,
    state: join(place.data, 'service'),
    project: place.project,
    name: 'service',
  };
  return new Program({
    name: 'cd-node-runtime',
    args: [nodeRuntimeFile, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])],
    cwd: place.project,
    env: { ...envOf(place), CD_PUSH_JOIN_CODE: joinCode },
  });
};

/** A line that is JSON of this shape. */
export const lineOf =
  <Schema extends TSchema>(schema: Schema) =>
  (line: string): Static<Schema> | undefined => {
    const value: unknown = JSON.parse(line);
    return Check(schema, value) ? value : undefined;
  };
