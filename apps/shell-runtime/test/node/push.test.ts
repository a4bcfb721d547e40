import { describe, expect, test } from 'vitest';

import { answerSaying, NodeWorld, serverFiles } from './node-world.ts';

describe('a push to a Node program', () => {
  test('a module push changes what the program answers, and the state in hot.data survives', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    expect(await world.get()).toBe('one 1');
    expect(await world.push({ 'answer.ts': answerSaying('two') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('two 2');
    expect(world.link.reports.map(({ stage }) => stage)).toEqual(['delivered', 'completed']);
  });
});
