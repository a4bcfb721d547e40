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

/** `cd-cli up` and `cd-cli watch`, as users have them in two terminals. */
export const startCdPush = async (
  project: Project,
  owner: AsyncDisposableStack,
  nodeFlags: { readonly up?: readonly string[]; readonly watch?: readonly string[] } = {},
): Promise<{ url: string }> => {
  const surroundings = { cwd: project.folder, env: ownEnvironment(project) };
  const up = owner.use(
    new Program('cd-cli up', [...(nodeFlags.up ?? []), cliFile, 'up', '--json', '--port', '0'], surroundings),
  );
  const { pageUrl } = await up.find(lineOf(Ready), 'being ready');
  const watch = owner.use(
    new Program('cd-cli watch', [...(nodeFlags.watch ?? []), cliFile, 'watch', '--json'], surroundings),
  );
  await watch.find(lineOf(Watching), 'watching');
  return { url: pageUrl };
};

export const startVite = async (project: Project, owner: AsyncDisposableStack): Promise<{ url: string }> => {
  const vite = owner.use(await Participant.start({ program: 'vite-server' }));
  return vite.ask('start', { root: project.folder }, Type.Object({ url: Type.String() }));
};

/** A line that is JSON of this shape. */
export const lineOf =
  <Schema extends TSchema>(schema: Schema) =>
  (line: string): Static<Schema> | undefined => {
    if (!line.startsWith('{')) return undefined;
    const value: unknown = JSON.parse(line);
    return Check(schema, value) ? value : undefined;
  };
