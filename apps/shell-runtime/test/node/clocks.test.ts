import type { PatchInput } from '@cd-push/client';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { NodeRuntime } from '../../src/node/start-node.ts';
import { startNodeRuntime } from '../../src/node/start-node-runtime.ts';
import { contentOf } from '../modules/content.ts';
import { answerSaying, NodeWorld, patientLimits, serverFiles } from './node-world.ts';
import { Stack } from './stack.ts';

const minutes = 60_000;
const day = 24 * 60 * minutes;

const answer = (text: string): PatchInput => {
  const resource = '/app/answer.ts';
  const { content, map } = contentOf(resource, answerSaying(text));
  return { change: 'put', resource, componentType: 'module', content, map };
};

describe('[SIGN-7] a machine whose clock is wrong', () => {
  test.each([
    ['five minutes behind the servers', 5 * minutes, 0],
    ['five minutes ahead of them', -5 * minutes, 0],
    ['a day behind', day, 0],
    ['a day ahead', -day, 0],
    ['right, where the relay runs five seconds ahead of the api', 0, 5_000],
    ['right, where the relay runs five seconds behind the api', 0, -5_000],
    ['a day behind, and relay and api five seconds apart', day, -5_000],
    ['a day ahead, and relay and api five seconds apart', -day, 5_000],
  ])('signs in, enrols, pushes and takes in like any other: %s', async (_clock, ahead, apart) => {
    const world = await NodeWorld.create(serverFiles);
    const stack = await Stack.create(world.dir, { api: ahead, relay: ahead + apart });
    let runtime: NodeRuntime | undefined;
    onTestFinished(() => runtime?.close());
    const options = {
      apiUrl: stack.apiUrl,
      relayUrl: stack.relayUrl,
      base: world.baseDir,
      entry: '/app/main.ts',
      stateDir: world.stateDir,
      env: { SOCKET: world.socket },
      limits: patientLimits,
    };
    runtime = await startNodeRuntime({ ...options, joinCode: await stack.joinCode() });
    expect(await stack.push(answer('two'))).toMatchObject({ state: { stage: 'completed' } });
    expect(await world.get()).toBe('two 1');
    // What it holds outlives the life in which it came, and what is pushed meanwhile is caught up with.
    await runtime.close();
    const pushed = stack.push(answer('three'));
    runtime = await startNodeRuntime(options);
    expect(await pushed).toMatchObject({ state: { stage: 'completed' } });
    expect(await world.get()).toMatch(/^three /u);
  });
});
