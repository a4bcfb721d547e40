import { randomUUID } from 'node:crypto';

import { encodeDelta } from '@cd-push/timeline';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { welcomeOf } from '../welcome.ts';
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
  type: 'config',
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

  test('[TRACK-12] of a style sheet nothing runs: the word of its end says as well that it was delivered, and no mark is set', async () => {
    const style = file('one', { type: 'style' });
    expect(await world.take(await push(style))).toEqual(['apply:one', 'told', 'kept', 'completed']);
  });

  test('[TRACK-12] a style sheet that cannot be put in place was delivered all the same', async () => {
    const style = file('unfit', { type: 'style' });
    expect(await world.take(await push(style))).toEqual(['kept', 'delivered', 'failed:apply-failed']);
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
  const second = version + 1;
  const followed = sha256('.a { color: red }');
  const later = (content: string): FileChange => file(content, { version: second, predecessor: followed });
  const asDelta = (delta: string, base = followed): PushOptions => ({
    tamper: ({ pushData }) => {
      pushData.contents = [{ encoding: 'delta', base, delta }];
    },
  });
  const deltaTo = async (content: string): Promise<string> =>
    Buffer.from((await encodeDelta('.a { color: red }', content, { atMost: 1_000 })) ?? []).toString(
      'base64',
    );
  beforeEach(async () => {
    await world.take(await push(file('.a { color: red }')));
  });

  test('[SIGN-2] counts if what comes out of it has the signed digest', async () => {
    const delta = await deltaTo('.a { color: tan }');
    expect(await world.take(await push(later('.a { color: tan }'), asDelta(delta)))).toContain(
      'apply:.a { color: tan }',
    );
  });

  test('[SIGN-2] is refused if it has not', async () => {
    for (const delta of [await deltaTo('.a { color: TAN }'), '', 'AAAA'])
      expect(await world.take(await push(later('.a { color: tan }'), asDelta(delta)))).toEqual([
        'failed:bad-signature',
      ]);
    expect(world.texts.get('/app/a.css')).toBe('.a { color: red }');
  });

  test('[DELTA-4] upon something else than what was brought here last is fetched whole, and not tried', async () => {
    const content = '.a { color: tan }';
    const delta = await deltaTo(content);
    const elsewhere = asDelta(delta, sha256('something else'));
    expect(await world.take(await push(later(content), elsewhere))).toEqual([
      'fetch:17',
      'failed:unavailable',
    ]);
    world.contents.set(sha256(content), Buffer.from(content));
    expect(await world.take(await push(later(content), elsewhere))).toContain(`apply:${content}`);
  });

  test('[DELTA-4] upon what the base serves is fetched whole: nothing of it is kept here', async () => {
    world = await new LineWorld(signer).start({ '/app/a.css': 'base' });
    const delta = Buffer.from((await encodeDelta('base', 'basic', { atMost: 100 })) ?? []).toString('base64');
    world.contents.set(sha256('basic'), Buffer.from('basic'));
    expect(await world.take(await push(file('basic'), asDelta(delta, sha256('base'))))).toContain(
      'apply:basic',
    );
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

describe('[EFFECT-1] what was answered', () => {
  test('is answered the same way when it arrives again, without effect', async () => {
    const envelope = await push(file('one'));
    await world.take(envelope);
    expect(await world.take(envelope)).toEqual(['completed']);
  });

  test('and what stands is completed without effect, over restarts and under any other guid', async () => {
    const [envelope, again] = [await push(file('one')), await push(file('one'))];
    await world.take(envelope);
    await world.start();
    expect(await world.take(envelope)).toEqual(['completed']);
    expect(await world.take(again)).toEqual(['completed']);
    expect(await world.take(await push(file('other')))).toEqual(['failed:stale-version']);
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
    world.line.welcomed(welcomeOf());
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
});

describe('a session that was revoked', () => {
  test('signs nothing that is taken, over restarts too', async () => {
    world.line.revoke([signer.session]);
    expect(await world.take(await push(file('one')))).toEqual(['failed:session-revoked']);
    await world.start();
    expect(await world.take(await push(file('one')))).toEqual(['failed:session-revoked']);
  });
});
