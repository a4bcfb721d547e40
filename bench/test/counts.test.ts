import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CountsSchema, type Counts } from '../src/participants/count-calls.ts';
import { Installed } from '../src/push/installed.ts';

const bytes = 2_048;
const many = 12;
const pushEvent = 'apply-runtime-patch';

let installed: Installed;

beforeAll(async () => {
  installed = await Installed.start({ relayProgram: 'counted-relay' });
  await installed.join(1);
  await installed.prove(bytes, 1);
}, 60_000);

afterAll(async () => {
  await installed[Symbol.asyncDispose]();
});

/** What the relay did while something else happened. */
const countsOf = async (work: () => Promise<void>): Promise<Counts> => {
  const before = await installed.relay.ask('counts', {}, CountsSchema);
  await work();
  const after = await installed.relay.ask('counts', {}, CountsSchema);
  return {
    encodes: Object.fromEntries(
      Object.entries(after.encodes).map(([event, count]) => [event, count - (before.encodes[event] ?? 0)]),
    ),
    signs: after.signs - before.signs,
    verifies: after.verifies - before.verifies,
    requests: after.requests - before.requests,
    timers: after.timers - before.timers,
  };
};

const push = (count: number, recipients: number): Promise<Counts> =>
  countsOf(() => installed.sender.tell('sequence', { bytes, count, recipients }));

describe('a push to one recipient', () => {
  it('is encoded once', async () => {
    expect((await push(5, 1)).encodes[pushEvent]).toBe(5);
  });

  it('costs the relay one verification and one signature: certificates were opened before', async () => {
    const { signs, verifies } = await push(5, 1);
    expect({ signs, verifies }).toEqual({ signs: 5, verifies: 5 });
  });

  it('costs no HTTP call', async () => {
    expect((await push(5, 1)).requests).toBe(0);
  });

  it('waits for no timer in the relay', async () => {
    expect((await push(5, 1)).timers).toBe(0);
  });

  it('is told of to its sender in four messages at most', async () => {
    const { encodes } = await push(5, 1);
    expect(noticesIn(encodes)).toBeLessThanOrEqual(20);
  });
});

describe('a push to many recipients', () => {
  beforeAll(async () => {
    await installed.join(many - 1);
  }, 60_000);

  it('is encoded once, and signed and verified once', async () => {
    const { encodes, signs, verifies } = await push(3, many);
    expect({ encodes: encodes[pushEvent], signs, verifies }).toEqual({ encodes: 3, signs: 3, verifies: 3 });
  });

  it('costs no HTTP call and no timer', async () => {
    const { requests, timers } = await push(3, many);
    expect({ requests, timers }).toEqual({ requests: 0, timers: 0 });
  });

  it('is told of as relayed once, and as pushed once', async () => {
    const { encodes } = await push(3, many);
    expect([encodes['push-msg-relayed'], encodes['push-msg-pushed']]).toEqual([3, 3]);
  });

  it('is told of in no more messages than its recipients have sent', async () => {
    const { encodes } = await push(3, many);
    expect(noticesIn(encodes)).toBeLessThanOrEqual(3 * (2 + 2 * many));
  });
});

it('counts a second encoding, a timer and a request, if there were any', async () => {
  const planted = await countsOf(() => installed.relay.tell('plant', { event: pushEvent }));
  expect({ ...planted, encodes: planted.encodes[pushEvent] }).toEqual({
    encodes: 1,
    signs: 0,
    verifies: 0,
    requests: 1,
    timers: 1,
  });
});

const noticesIn = (encodes: Counts['encodes']): number =>
  Object.entries(encodes)
    .filter(([event]) => event.startsWith('push-'))
    .reduce((sum, [, count]) => sum + count, 0);
