import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { Participant } from '../participants/participant.ts';
import { Program } from './program.ts';
import type { Project } from './project.ts';

const Ready = Type.Object({ type: Type.Literal('ready'), pageUrl: Type.String() });
const Watching = Type.Object({ type: Type.Literal('watching') });

export const cliFile = fileURLToPath(
  new URL('dist/main.js', import.meta.resolve('@cd-push/cli/package.json')),
);

/** Environment in which the product touches nobody's keys and settings. */
export const ownEnvironment = ({ aside }: Project): NodeJS.ProcessEnv => ({
  ...process.env,
  CD_PUSH_CONFIG_HOME: join(aside, 'home'),
  CD_PUSH_DATA: join(aside, 'data'),
});

/** How the product is run: in two terminals, or all in one process. */
export type Arrangement = 'up and watch' | 'up --watch';

/** `cd-cli up` with what pushes the saves. */
export const startCdPush = async (
  project: Project,
  owner: AsyncDisposableStack,
  arrangement: Arrangement,
  nodeFlags: readonly string[] = [],
): Promise<{ url: string }> => {
  const start = (name: string, ...args: string[]): Program =>
    owner.use(
      new Program(`cd-cli ${name}`, [...nodeFlags, cliFile, name, ...args], {
        cwd: project.folder,
        env: ownEnvironment(project),
        output: join(project.aside, `${name}.txt`),
      }),
    );
  const up = start('up', '--json', '--port', '0', ...(arrangement === 'up --watch' ? ['--watch'] : []));
  const { pageUrl } = await up.find(lineOf(Ready), 'being ready');
  const watching = arrangement === 'up --watch' ? up : start('watch', '--json');
  await watching.find(lineOf(Watching), 'watching');
  return { url: pageUrl };
};

export const startVite = (project: Project, owner: AsyncDisposableStack): Promise<{ url: string }> =>
  startServer('vite-server', project, owner);

/** What takes a save to a page with nothing between, for a style and a module alone. */
export const startFloor = (project: Project, owner: AsyncDisposableStack): Promise<{ url: string }> =>
  startServer('floor-server', project, owner);

const startServer = async (
  program: 'vite-server' | 'floor-server',
  project: Project,
  owner: AsyncDisposableStack,
): Promise<{ url: string }> => {
  const server = owner.use(await Participant.start({ program }));
  return server.ask('start', { root: project.folder }, Type.Object({ url: Type.String() }));
};

/** A line that is JSON of this shape. */
export const lineOf =
  <Schema extends TSchema>(schema: Schema) =>
  (line: string): Static<Schema> | undefined => {
    if (!line.startsWith('{')) return undefined;
    const value: unknown = JSON.parse(line);
    return Check(schema, value) ? value : undefined;
  };
