import { randomUUID } from 'node:crypto';

import { limits, type ICdPushEnvelop } from '@cd-push/protocol';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { Signer, type PushOptions } from '../signer.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
let world: LineWorld;
/** Arguments of each time that the operation ran. */
let runs: unknown[];
beforeAll(async () => {
  signer = await Signer.create();
});
beforeEach(async () => {
  runs = [];
  world = await new LineWorld(signer).start();
  world.onExecute = (_operation, args) => void runs.push(args);
});

const never = (): Promise<never> => new Promise(() => undefined);
const operation = (options: PushOptions = {}): Promise<ICdPushEnvelop> =>
  signer.operation('run', { n: 1 }, options);

/** What was logged up to the report that ends the attempt. */
const taken = async (envelope: ICdPushEnvelop): Promise<string[]> => {
  await world.take(envelope);
  await expect.poll(() => world.log.at(-1)).toMatch(/^(?:completed|failed:)/u);
  return [...world.log];
};

describe('[EFFECT-2] a message has one effect', () => {
  test('for each attempt, however often the attempt arrives', async () => {
    const envelope = await operation();
    expect(await taken(envelope)).toEqual(['delivered', 'completed']);
    expect(await taken(envelope)).toEqual(['completed']);
    expect(runs).toEqual([{ n: 1 }]);
  });

  test('over restarts, and by a later attempt no second one where the first was completed', async () => {
    const pushGuid = randomUUID();
    const [first, second] = [await operation({ pushGuid }), await operation({ pushGuid, attempt: 2 })];
    await taken(first);
    await world.start();
    expect(await taken(first)).toEqual(['delivered', 'completed']);
    expect(await taken(second)).toEqual(['delivered', 'completed']);
    expect(runs).toEqual([{ n: 1 }]);
  });

  test('also where people are told something', async () => {
    const notice = await signer.notice('hello');
    expect(await taken(notice)).toEqual(['delivered', 'notice:hello', 'completed']);
    await world.start();
    expect(await taken(notice)).toEqual(['delivered', 'completed']);
  });

  test('and another by a further attempt, where the one before it failed', async () => {
    const pushGuid = randomUUID();
    world.onExecute = () => {
      throw new Error('not today');
    };
    const first = await operation({ pushGuid });
    expect(await taken(first)).toEqual(['delivered', 'failed:apply-failed']);
    await world.start();
    expect(await taken(first)).toEqual(['delivered', 'failed:apply-failed']);
    world.onExecute = (_operation, args) => void runs.push(args);
    expect(await taken(await operation({ pushGuid, attempt: 2 }))).toEqual(['delivered', 'completed']);
    expect(runs).toEqual([{ n: 1 }]);
  });
});

describe('[EFFECT-2] a message whose effect is under way', () => {
  test('is not begun again by a repetition, nor by a further attempt: each is answered by how it ends', async () => {
    const pushGuid = randomUUID();
    const end = Promise.withResolvers<void>();
    world.onExecute = (_operation, args) => {
      runs.push(args);
      return end.promise;
    };
    const [first, second] = [await operation({ pushGuid }), await operation({ pushGuid, attempt: 2 })];
    await world.line.receive(first);
    await world.line.receive(first);
    await world.line.receive(second);
    expect(world.log).toEqual(['delivered', 'delivered', 'delivered']);
    end.resolve();
    await expect.poll(() => world.log.filter((word) => word === 'completed')).toHaveLength(3);
    expect(runs).toEqual([{ n: 1 }]);
  });

  test('keeps nothing behind it waiting', async () => {
    world.onExecute = never;
    await world.take(await operation());
    expect(await taken(await signer.notice('meanwhile'))).toContain('completed');
  });
});

describe('[EFFECT-2] a life that ended in the middle of an effect', () => {
  test('is reported as crashed by the next one, which does not begin it again', async () => {
    world.onExecute = (_operation, args) => {
      runs.push(args);
      return never();
    };
    const envelope = await operation();
    await world.take(envelope);
    await expect.poll(() => runs).toHaveLength(1);
    world.log.length = 0;
    await world.start();
    expect(world.log).toEqual(['failed:crashed']);
    expect(await taken(envelope)).toEqual(['delivered', 'failed:crashed']);
    world.log.length = 0;
    await world.start();
    expect(world.log).toEqual([]);
    expect(await taken(envelope)).toEqual(['delivered', 'failed:crashed']);
    expect(runs).toEqual([{ n: 1 }]);
  });

  test('leaves a further attempt to whoever asks for one', async () => {
    const pushGuid = randomUUID();
    world.onExecute = never;
    await world.take(await operation({ pushGuid }));
    await world.start();
    world.onExecute = (_operation, args) => void runs.push(args);
    expect(await taken(await operation({ pushGuid, attempt: 2 }))).toEqual(['delivered', 'completed']);
    expect(runs).toEqual([{ n: 1 }]);
  });
});

describe('[EFFECT-3] what is remembered', () => {
  test('is written before the effect; where it cannot be, there is none', async () => {
    world.onExecute = (_operation, args) => {
      runs.push(args);
      expect([...world.stored.done.values()]).toMatchObject([{ outcome: 'started', attempt: 1 }]);
    };
    await taken(await operation());
    expect([...world.stored.done.values()]).toMatchObject([{ outcome: 'completed' }]);
    world.isFull = true;
    expect(await taken(await operation())).toEqual(['delivered', 'failed:unavailable']);
    expect(await taken(await signer.notice('unseen'))).toEqual(['delivered', 'failed:unavailable']);
    expect(runs).toHaveLength(1);
  });

  test('outlives the time to deliver by as long again, so that no clock that was set brings a repetition to life', async () => {
    const envelope = await operation({ statement: { deliverBy: Number.MAX_SAFE_INTEGER } });
    await taken(envelope);
    const [{ keepUntil } = { keepUntil: 0 }] = world.stored.done.values();
    const lastMoment = world.now + limits.deliverWithinMs + limits.clockSkewMs;
    expect(keepUntil).toBeGreaterThan(lastMoment + limits.deliverWithinMs - 60_000);
    world.now = lastMoment + 60_000;
    await world.start();
    expect(await taken(envelope)).toEqual(['failed:expired']);
    expect(runs).toHaveLength(1);
  });
});
