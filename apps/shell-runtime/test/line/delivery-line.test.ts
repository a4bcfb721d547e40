import { randomUUID } from 'node:crypto';

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
let world: LineWorld;
beforeAll(async () => {
  signer = await Signer.create();
});
beforeEach(async () => {
  world = await new LineWorld(signer).start({ '/app/a.css': 'base' });
});

const version = Date.now();
const file = (content: string | null, over: Partial<FileChange> = {}): FileChange => ({
  resource: '/app/a.css',
  type: 'style',
  version,
  content,
  predecessor: sha256('base'),
  ...over,
});
const push = (change: FileChange, options: PushOptions = {}) => signer.patch([change], options);

describe('the order of the line', () => {
  test('delivered once verified, marked before and until after applying, kept before completed', async () => {
    expect(await world.take(await push(file('one')))).toEqual([
      'delivered',
      'mark',
      'apply:one',
      'unmark',
      'told',
      'kept',
      'completed',
    ]);
  });

  test('content that is no good is refused before anything is marked or touched', async () => {
    expect(await world.take(await push(file('unfit')))).toEqual(['delivered', 'kept', 'failed:apply-failed']);
    expect(world.texts.get('/app/a.css')).toBe('base');
  });

  test('pushes are applied one after the other in the order of their arrival, however long each takes', async () => {
    const first = Promise.withResolvers<void>();
    world.onApply = (text) => (text === 'one' ? first.promise : undefined);
    const [one, two] = await Promise.all([
      push(file('one')),
      push(file('two', { version: version + 1, predecessor: sha256('one') })),
    ]);
    const taken = Promise.all([world.line.receive(one), world.line.receive(two)]);
    first.resolve();
    await taken;
    expect(world.log.filter((word) => word.startsWith('apply'))).toEqual(['apply:one', 'apply:two']);
    expect(world.log.at(-1)).toBe('completed');
  });

  test('a fault in the line ends neither the line nor the program', async () => {
    world.onApply = () => {
      throw new RangeError('unforeseen');
    };
    expect(await world.take(await push(file('one')))).toEqual([
      'delivered',
      'mark',
      'apply:one',
      'restore:base',
      'unmark',
      'kept',
      'failed:apply-failed',
    ]);
    world.onApply = () => undefined;
    expect(await world.take(await push(file('two', { version: version + 1 })))).toContain('completed');
  });
});

describe('a delta', () => {
  const asDelta = (at: number, remove: number, insert: string): PushOptions => ({
    tamper: ({ pushData }) => {
      pushData.contents = [{ encoding: 'delta', splices: [{ at, remove, insert }] }];
    },
  });

  test('counts if what comes out of it has the signed digest', async () => {
    expect(await world.take(await push(file('basic'), asDelta(3, 1, 'ic')))).toContain('apply:basic');
    expect(
      await world.take(
        await push(
          file('basics', { version: version + 1, predecessor: sha256('basic') }),
          asDelta(5, 0, 's'),
        ),
      ),
    ).toContain('apply:basics');
  });

  test('is refused if it has not, or does not fit what is in place', async () => {
    expect(await world.take(await push(file('basic'), asDelta(3, 1, 'IC')))).toEqual([
      'failed:bad-signature',
    ]);
    expect(await world.take(await push(file('basic'), asDelta(30, 1, 'ic')))).toEqual([
      'failed:bad-signature',
    ]);
    expect(world.texts.get('/app/a.css')).toBe('base');
  });
});

describe('a copy that was refused', () => {
  test('does not stand in the way of a whole one of the same attempt', async () => {
    await world.take(await push(file('one')));
    const skipped = await push(file('two', { version: version + 1, predecessor: sha256('one') }));
    const change = file('three', { version: version + 2, predecessor: sha256('two') });
    const envelope = await push(change);
    expect(await world.take(envelope)).toEqual(['failed:broken-chain']);
    const { pushData } = structuredClone(envelope);
    const corrupt = {
      ...pushData,
      skipped: [signer.skippedOf(skipped)],
      contents: [{ encoding: 'text', text: 'evil' }],
    };
    expect(await world.take({ ...envelope, pushData: corrupt })).toEqual(['failed:bad-signature']);
    const whole = { ...pushData, skipped: [signer.skippedOf(skipped)] };
    expect(await world.take({ ...envelope, pushData: whole })).toContain('completed');
    expect(world.texts.get('/app/a.css')).toBe('three');
  });
});

describe('what was pushed and failed', () => {
  test('does not stop what follows it, though it never stood here', async () => {
    expect(await world.take(await push(file('unfit')))).toContain('failed:apply-failed');
    const next = file('next', { version: version + 1, predecessor: sha256('unfit') });
    expect(await world.take(await push(next))).toContain('completed');
  });

  test('is tried again by a further attempt, also without what explained it the first time', async () => {
    await world.take(await push(file('one')));
    const skipped = await push(file('two', { version: version + 1, predecessor: sha256('one') }));
    const change = file('three', { version: version + 2, predecessor: sha256('two') });
    const pushGuid = randomUUID();
    world.onApply = () => {
      throw new Error('not yet');
    };
    const first = await push(change, { pushGuid, skipped: [signer.skippedOf(skipped)] });
    expect(await world.take(first)).toContain('failed:apply-failed');
    world.onApply = () => undefined;
    expect(await world.take(await push(change, { pushGuid, attempt: 2 }))).toContain('completed');
  });

  test('may be followed by a rollback to what stands', async () => {
    await world.take(await push(file('unfit')));
    const back = file('base', { version: version + 1, predecessor: sha256('unfit') });
    expect(await world.take(await push(back))).toContain('completed');
    expect(world.state.standing('/app/a.css').version).toBe(version + 1);
  });

  test('is answered as before when the same attempt comes again after a restart', async () => {
    const envelope = await push(file('unfit'));
    await world.take(envelope);
    await world.start();
    expect(await world.take(envelope)).toEqual(['delivered', 'failed:apply-failed']);
  });
});

describe('a rename', () => {
  test('leaves the old name deleted at the same version', async () => {
    const moved = file('base', { resource: '/app/b.css', from: '/app/a.css' });
    expect(await world.take(await push(moved))).toContain('completed');
    expect(world.state.standing('/app/a.css')).toMatchObject({ version, digest: null });
    expect(world.state.standing('/app/b.css')).toMatchObject({ version, digest: sha256('base') });
  });
});

describe('a rename that was overtaken', () => {
  test('takes nothing from a name that has newer content', async () => {
    await world.take(await push(file('newer', { version: version + 5 })));
    const moved = file('base', { resource: '/app/b.css', from: '/app/a.css' });
    expect(await world.take(await push(moved))).toEqual(['failed:stale-version']);
    expect(world.texts.get('/app/a.css')).toBe('newer');
  });
});

describe('who is addressed', () => {
  test.each([
    ['its credential', { guid: 'runtime-1' }],
    ['this very instance', { guid: 'runtime-1#tab' }],
    ['a group that it is in', { group: 'canary' }],
    ['its module and environment', { select: { module: 'app', environment: 'development' } }],
  ])('%s is', async (_name, target) => {
    expect(await world.take(await push(file('one'), { statement: { targets: [target] } }))).toContain(
      'completed',
    );
  });

  test.each([
    ['another instance', { guid: 'runtime-1#other' }],
    ['a group that it is not in', { group: 'beta' }],
    ['a user', { user: 1 }],
    ['a label that it has not', { select: { module: 'app', labels: { region: 'eu' } } }],
  ])('%s is not', async (_name, target) => {
    expect(await world.take(await push(file('one'), { statement: { targets: [target] } }))).toEqual([
      'failed:forbidden',
    ]);
  });
});

describe('reports', () => {
  test('of what happens while the connection is down follow after the next welcome', async () => {
    world.connected = false;
    world.line.disconnected();
    expect(await world.take(await push(file('one')))).not.toContain('completed');
    world.connected = true;
    world.log.length = 0;
    world.line.welcomed({
      protocol: 1,
      recipient: 'x',
      serverTime: 0,
      catchUp: 0,
      revokedSessions: [],
      envelopeBytes: 1,
    });
    expect(world.log).toEqual(['delivered', 'completed']);
  });
});

describe('messages', () => {
  test('that were altered are not shown', async () => {
    const envelope = await signer.notice('good', {
      tamper: ({ pushData }) => {
        pushData.m = 'evil';
      },
    });
    expect(await world.take(envelope)).toEqual(['failed:bad-signature']);
  });

  test('whose time to deliver is over are refused, also as replays', async () => {
    const [notice, operation] = [await signer.notice('late'), await signer.operation('run', {})];
    world.now += 2 * 86_400_000;
    expect(await world.take(notice)).toEqual(['failed:expired']);
    expect(await world.take(operation)).toEqual(['failed:expired']);
  });

  test('a message needs a certificate that reaches this program: a notice one within its module, an operation one of all of it', async () => {
    const run: unknown[] = [];
    world.onExecute = (_operation, args) => run.push(args);
    const granting = (prefix: string, environment: string) => ({
      certificate: { grants: [{ prefix, environments: [environment] }] },
    });
    for (const options of [
      { certificate: { grants: [] } },
      granting('/app', 'production'),
      granting('/blog', 'development'),
    ]) {
      expect(await world.take(await signer.notice('psst', options))).toEqual(['failed:forbidden']);
      expect(await world.take(await signer.operation('run', {}, options))).toEqual(['failed:forbidden']);
    }
    const part = granting('/app/styles', 'development');
    expect(await world.take(await signer.operation('run', {}, part))).toEqual(['failed:forbidden']);
    expect(run).toEqual([]);
    expect(await world.take(await signer.notice('psst', part))).toContain('completed');
    await world.take(await signer.operation('run', {}, granting('/app', '*')));
    await expect.poll(() => world.log).toContain('completed');
    expect(run).toEqual([{}]);
  });

  test('an operation that the program did not survive is not run again by a repetition, but by a further attempt', async () => {
    const runs: unknown[] = [];
    const pushGuid = randomUUID();
    world.onExecute = (_operation, args) => {
      runs.push(args);
      return new Promise(() => undefined);
    };
    const envelope = await signer.operation('run', { n: 1 }, { pushGuid });
    expect(await world.take(envelope)).toEqual(['delivered']);
    await world.start();
    expect(await world.take(envelope)).toEqual(['delivered', 'failed:crashed']);
    expect(runs).toEqual([{ n: 1 }]);
    world.onExecute = (_operation, args) => runs.push(args);
    await world.take(await signer.operation('run', { n: 1 }, { pushGuid, attempt: 2 }));
    await expect.poll(() => world.log).toContain('completed');
    expect(runs).toEqual([{ n: 1 }, { n: 1 }]);
  });
});

describe('a session that was revoked', () => {
  test('signs nothing that is taken, over restarts too', async () => {
    world.line.revoke([signer.session]);
    expect(await world.take(await push(file('one')))).toEqual(['failed:session-revoked']);
    await world.start();
    expect(await world.take(await push(file('one')))).toEqual(['failed:session-revoked']);
  });
});
