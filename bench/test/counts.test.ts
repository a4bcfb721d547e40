import { generateKeyPairSync, sign, verify } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CountsSchema, type Counts } from '../src/participants/count-calls.ts';
import { CpuSchema, HeapSchema, MemorySchema } from '../src/participants/usage.ts';
import { Installed } from '../src/push/installed.ts';

const bytes = 2_048;
const many = 12;
const pushEvent = 'apply-runtime-patch';

let installed: Installed;

beforeAll(async () => {
  // Young objects get so much room that none is collected while allocations are counted.
  const relayFlags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
  const journal = { kind: 'sqlite' } as const;
  installed = await Installed.start({ journal, relayProgram: 'counted-relay', relayFlags });
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
    commits: after.commits - before.commits,
    writes: after.writes - before.writes,
  };
};

const push = (count: number, recipients: number): Promise<Counts> =>
  countsOf(async () => {
    await installed.sequence({ bytes, count, recipients });
  });

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

  it('is written in a commit of its own and one more for each stage at most', async () => {
    const { commits, writes } = await push(20, 1);
    expect(commits).toBeGreaterThanOrEqual(20);
    expect(commits).toBeLessThanOrEqual(20 * 4);
    expect(writes).toBeLessThanOrEqual(20 * 30);
  });

  it('has the relay allocate and reckon no more than a wide band allows', async () => {
    const { kilobytes, verifications } = await costOf(100, 1);
    expect(kilobytes).toSatisfy(isBetween(10, 800));
    expect(verifications).toSatisfy(isBetween(1, 150));
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

  it('is written in few statements for each delivery', async () => {
    const { commits, writes } = await push(10, many);
    expect(commits).toBeLessThanOrEqual(10 * (1 + 3 * many));
    expect(writes).toBeLessThanOrEqual(10 * many * 12);
  });

  it('has the relay allocate and reckon no more for each delivery than a wide band allows', async () => {
    const { kilobytes, verifications } = await costOf(30, many);
    expect(kilobytes).toSatisfy(isBetween(2, 250));
    expect(verifications).toSatisfy(isBetween(0.1, 40));
  });

  it('is told of in no more messages than its recipients have sent', async () => {
    const { encodes } = await push(3, many);
    expect(noticesIn(encodes)).toBeLessThanOrEqual(3 * (2 + 2 * many));
  });
});

it('counts a second encoding, a timer and a request, if there were any', async () => {
  const planted = await countsOf(() => installed.relay.tell('plant', { event: pushEvent }));
  // What the pushes before it left to be written may be written meanwhile.
  expect({ ...planted, encodes: planted.encodes[pushEvent] }).toMatchObject({
    encodes: 1,
    signs: 0,
    verifies: 0,
    requests: 1,
    timers: 1,
  });
});

const isBetween = (least: number, most: number) => (value: number) => value >= least && value <= most;

/**
 * What each delivery costs the relay: kilobytes that it allocates, and processor time in verifications of this machine, so
 * that the band is as wide on each.
 */
const costOf = async (
  count: number,
  recipients: number,
): Promise<{ kilobytes: number; verifications: number }> => {
  const { relay } = installed;
  // Collects what there is, so that nothing is collected meanwhile.
  await relay.ask('memory', {}, MemorySchema);
  const usage = async () => ({
    ...(await relay.ask('heap', {}, HeapSchema)),
    ...(await relay.ask('cpu', {}, CpuSchema)),
  });
  const before = await usage();
  await installed.sequence({ bytes, count, recipients });
  const after = await usage();
  const deliveries = count * recipients;
  return {
    kilobytes: (after.bytes - before.bytes) / deliveries / 1_000,
    verifications: (after.micros - before.micros) / deliveries / microsOfVerification(),
  };
};

/** Of processor time, by Ed25519 on as many bytes as a statement has. */
const microsOfVerification = (): number => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const text = Buffer.alloc(1_000);
  const signature = sign(null, text, privateKey);
  const before = process.cpuUsage();
  for (let index = 0; index < 500; index += 1) verify(null, text, publicKey, signature);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 500;
};

const noticesIn = (encodes: Counts['encodes']): number =>
  Object.entries(encodes)
    .filter(([event]) => event.startsWith('push-'))
    .reduce((sum, [, count]) => sum + count, 0);
