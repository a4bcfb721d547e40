import { mkdir } from 'node:fs/promises';
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
  problem: Type.Optional(ProblemSchema),
});
export type SettledPush = Static<typeof Settled>;

/** What `cd-cli targets --json` says of each runtime. */
const Target = Type.Object({ recipient, connected: Type.Boolean() });

const startMs = 20_000;
const settleMs = 20_000;

/** Everything that the demo starts beside the page, as the programs that users have. */
export class Stack {
  readonly project: string;
  readonly pageUrl: string;
  readonly serviceUrl: string;
  readonly #place: Workplace;
  readonly #programs: Program[];
  #watch: Program | undefined;

  private constructor(place: Workplace, programs: Program[], urls: { pageUrl: string; serviceUrl: string }) {
    this.project = place.project;
    this.pageUrl = urls.pageUrl;
    this.serviceUrl = urls.serviceUrl;
    this.#place = place;
    this.#programs = programs;
  }

  /** Starts api, relay and page host in one process, and the service in another. */
  static async start(place: Workplace): Promise<Stack> {
    const programs: Program[] = [];
    try {
      const up = cli(place, 'up', '--json', '--port', '0');
      programs.push(up);
      const ready = await up.find(lineOf(Ready), 'being ready', startMs);
      const service = await startService(place, ready);
      programs.push(service);
      const serviceUrl = await service.find((line) => /http:\S+/u.exec(line)?.[0], 'its address', startMs);
      return new Stack(place, programs, { pageUrl: ready.pageUrl, serviceUrl });
    } catch (error) {
      await stopAll(programs);
      throw error;
    }
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

  /** From now on what is saved is pushed. */
  async watch(): Promise<void> {
    this.#watch = cli(this.#place, 'watch', '--json');
    this.#programs.push(this.#watch);
    await this.#watch.find(lineOf(Type.Object({ type: Type.Literal('watching') })), 'watching', startMs);
  }

  /** The next push that has settled at all its recipients. */
  async nextPush(timeoutMs = settleMs): Promise<SettledPush> {
    if (this.#watch === undefined) throw new Error('Nothing is watched yet.');
    const push = await this.#watch.find(lineOf(Settled), 'a push that has settled', timeoutMs);
    if (push.problem !== undefined) throw new Error(`The push was refused: ${push.problem.detail ?? push.problem.title}`);
    return push;
  }

  /** Ends everything, what was started last first. */
  async stop(): Promise<void> {
    await stopAll(this.#programs);
  }

  async #targets(): Promise<Static<typeof Target>[]> {
    const program = cli(this.#place, 'targets', '--json');
    const found: Static<typeof Target>[] = [];
    await program.each((line) => {
      const target = lineOf(Target)(line);
      if (target !== undefined) found.push(target);
    });
    return found;
  }
}

const stopAll = async (programs: readonly Program[]): Promise<void> => {
  for (const program of programs.toReversed()) await program.stop();
};

const envOf = ({ home, data }: Workplace): NodeJS.ProcessEnv => ({
  ...process.env,
  // Nobody's keys and settings are touched.
  CD_PUSH_CONFIG_HOME: home,
  CD_PUSH_DATA: data,
});

const cliFile = join(import.meta.dirname, '../node_modules/@cd-push/cli/dist/main.js');

const cli = (place: Workplace, command: string, ...args: string[]): Program =>
  new Program({ name: `cd-cli ${command}`, args: [cliFile, command, ...args], cwd: place.project, env: envOf(place) });

/** A line that is JSON of this shape. */
const lineOf =
  <Schema extends TSchema>(schema: Schema) =>
  (line: string): Static<Schema> | undefined => {
    const value: unknown = JSON.parse(line);
    return Check(schema, value) ? value : undefined;
  };
