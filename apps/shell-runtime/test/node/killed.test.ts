import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { PatchInput, Push, RecipientTrack } from '@cd-push/client';
import { describe, expect, onTestFinished, test } from 'vitest';

import { contentOf } from '../modules/content.ts';
import { NodeWorld, serverFiles } from './node-world.ts';
import { settledTrack, Stack } from './stack.ts';

const main = new URL('../../src/node/main.ts', import.meta.url).pathname;

/** Two modules that one push changes together; a program that had only one of them would say so. */
const wordOf = (word: string, top = ''): string => `${top}export const word = '${word}';`;
const answerOf = (word: string): string =>
  `import { word } from './word.ts';\nexport const answer = () => \`\${word} ${word}\`;`;
const files: Readonly<Record<string, string>> = {
  ...serverFiles,
  'word.ts': wordOf('old'),
  'answer.ts': answerOf('old'),
};

const patch = (name: string, text: string): PatchInput => {
  const resource = `/app/${name}`;
  const { content, map } = contentOf(resource, text);
  return { change: 'put', resource, componentType: 'module', content, map };
};
const both = (word: string, top = ''): PatchInput[] => [
  patch('word.ts', wordOf(word, top)),
  patch('answer.ts', answerOf(word)),
];

/** A program on the real api and relay, in processes that can be killed. */
class KilledWorld {
  readonly world: NodeWorld;
  readonly stack: Stack;
  readonly #joinCode: string;
  #child: ChildProcess | undefined;

  private constructor(world: NodeWorld, stack: Stack, joinCode: string) {
    this.world = world;
    this.stack = stack;
    this.#joinCode = joinCode;
  }

  static async create(program: Readonly<Record<string, string>> = files): Promise<KilledWorld> {
    const world = await NodeWorld.create(program);
    const stack = await Stack.create(world.dir);
    const killed = new KilledWorld(world, stack, await stack.joinCode());
    onTestFinished(() => killed.kill());
    return killed;
  }

  /** Starts a life, and resolves when its program runs and it is connected. */
  async live(): Promise<void> {
    await rm(this.world.socket, { force: true });
    const options = {
      base: this.world.baseDir,
      entry: '/app/main.ts',
      api: this.stack.apiUrl,
      relay: this.stack.relayUrl,
      state: this.world.stateDir,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(process.execPath, [main, ...args], {
      env: {
        ...process.env,
        CD_PUSH_JOIN_CODE: this.#joinCode,
        SOCKET: this.world.socket,
        WORLD: this.world.dir,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const expected = new Set(['The program runs.', 'Connected']);
    for await (const line of createInterface(child.stderr)) {
      for (const words of expected) if (line.includes(words)) expected.delete(words);
      if (expected.size === 0) return;
    }
    throw new Error('The runtime ended before it was connected.');
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.#child === undefined || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.killed();
  }

  /** Resolves when this life is over. */
  async killed(): Promise<void> {
    if (this.#child?.signalCode === null) await once(this.#child, 'exit');
  }

  /** How often a file of the program's was written to. */
  async count(name: string): Promise<number> {
    return (await readFile(join(this.world.dir, name), 'utf8').catch(() => '')).length;
  }
}

/** Resolves when the only recipient of a push has come as far. */
const reached = async (push: Push, stage: RecipientTrack['state']['stage']): Promise<void> => {
  const order = ['initialized', 'relayed', 'pushed', 'delivered', 'completed'];
  for await (const { state } of push) if (order.indexOf(state.stage) >= order.indexOf(stage)) return;
};

const killing = `process.kill(process.pid, 'SIGKILL');\n`;

describe('a Node runtime that is killed', () => {
  test('[EFFECT-4] while a push is evaluated boots as it was before, whole, and its track ends as crashed', async () => {
    const killed = await KilledWorld.create();
    await killed.live();
    const push = killed.stack.begin(...both('new', killing));
    await killed.killed();
    await killed.live();
    expect(await settledTrack(push)).toMatchObject({
      attempt: 1,
      state: { stage: 'failed', problem: { kind: 'crashed' } },
    });
    expect(await killed.world.get()).toBe('old old');
    expect(await killed.stack.push(...both('newer'))).toMatchObject({ state: { stage: 'completed' } });
    expect(await killed.world.get()).toBe('newer newer');
  });

  test.each(['relayed', 'pushed', 'delivered', 'completed'] as const)(
    '[EFFECT-4] when a push is %s boots old or new, never half, and its track says which',
    async (stage) => {
      const killed = await KilledWorld.create();
      await killed.live();
      const push = killed.stack.begin(...both('new'));
      await reached(push, stage);
      await killed.kill();
      await killed.live();
      const { state } = await settledTrack(push);
      expect(await killed.world.get()).toBe(state.stage === 'completed' ? 'new new' : 'old old');
      if (state.stage !== 'completed') expect(state).toMatchObject({ problem: { kind: 'crashed' } });
      await killed.kill();
      await killed.live();
      expect(await killed.world.get()).toBe(state.stage === 'completed' ? 'new new' : 'old old');
    },
  );

  test('[EFFECT-2] by its own operation or notice has had one effect of it, and says that it crashed', async () => {
    const killed = await KilledWorld.create({
      ...files,
      'main.ts': `import { appendFileSync } from 'node:fs';
import { runtime } from 'cd-push:runtime';
const end = (name: string) => {
  appendFileSync(process.env.WORLD + '/' + name, '.');
  ${killing}
};
runtime.command('end', { type: 'object' }, () => end('operations'));
runtime.on('notice', () => end('notices'));
${files['main.ts']}`,
    });
    for (const [name, say] of [
      ['operations', () => killed.stack.operate('end', {})],
      ['notices', () => killed.stack.notify('the end')],
    ] as const) {
      await killed.live();
      const track = say();
      await killed.killed();
      await killed.live();
      expect(await track).toMatchObject({ state: { stage: 'failed', problem: { kind: 'crashed' } } });
      await killed.kill();
      await killed.live();
      // Whatever the relay sends again came before this.
      expect(await killed.stack.push(...both(name))).toMatchObject({ state: { stage: 'completed' } });
      expect(await killed.count(name)).toBe(1);
      await killed.kill();
    }
  });

  test('[EFFECT-2] after an operation was completed does not run it again', async () => {
    const killed = await KilledWorld.create({
      ...files,
      'main.ts': `import { appendFileSync } from 'node:fs';
import { runtime } from 'cd-push:runtime';
runtime.command('once', { type: 'object' }, () => appendFileSync(process.env.WORLD + '/runs', '.'));
${files['main.ts']}`,
    });
    await killed.live();
    expect(await killed.stack.operate('once', {})).toMatchObject({ state: { stage: 'completed' } });
    await killed.kill();
    await killed.live();
    expect(await killed.stack.push(...both('new'))).toMatchObject({ state: { stage: 'completed' } });
    expect(await killed.count('runs')).toBe(1);
  });
});
