import { branded, ProblemError, problemOf, type ResourceGuid } from '@cd-push/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';

import { runtimesAtOnce } from '../src/authority/authority.ts';
import { Directory } from '../src/authority/directory.ts';
import { RuntimeReader } from '../src/authority/runtime-reader.ts';
import type { RuntimeRecord } from '../src/authority/session.ts';
import { silentLog } from '../src/log.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const guidOf = (name: string): ResourceGuid => branded<ResourceGuid>(name);

const runtime = (name: string, more: Partial<RuntimeRecord> = {}): RuntimeRecord => ({
  guid: guidOf(name),
  name,
  user: null,
  module: 'shop',
  environment: 'development',
  labels: {},
  groups: [],
  approvals: 0,
  hasConnected: true,
  ...more,
});

interface Question {
  /** Undefined where all are asked for. */
  readonly guids: readonly ResourceGuid[] | undefined;
  readonly answer: (...runtimes: RuntimeRecord[]) => void;
  readonly fail: () => void;
}

/** A reader of an api whose answers the test gives by hand. */
const reading = () => {
  const questions: Question[] = [];
  const directory = new Directory();
  const clock = new ManualClock();
  const reviewed: string[][] = [];
  const reader = new RuntimeReader({
    authority: {
      runtimes: (guids) =>
        new Promise((resolve, reject) => {
          questions.push({
            guids,
            answer: (...runtimes) => resolve(runtimes),
            fail: () => reject(new ProblemError(problemOf('unavailable'))),
          });
        }),
    },
    directory,
    clock,
    log: silentLog,
    reviewed: (guids) => void reviewed.push([...guids]),
  });
  onTestFinished(() => reader.close());
  const next = async (): Promise<Question> => {
    await expect.poll(() => questions.length).toBeGreaterThan(0);
    return questions.shift()!;
  };
  const known = (): string[] => [...directory.all()].map(({ guid }) => guid);
  return { reader, directory, clock, reviewed, questions, next, known };
};

/** A reader that has read a list. */
const loaded = async (...runtimes: RuntimeRecord[]) => {
  const made = reading();
  const load = made.reader.load();
  (await made.next()).answer(...runtimes);
  await load;
  made.reviewed.length = 0;
  return made;
};

const inGroup = (directory: Directory, group: string): string[] =>
  directory.matching({ group }, 'development').map(({ guid }) => guid);

describe('what is known of runtimes follows the api', () => {
  it('by those alone that changed, and nobody else is looked at', async () => {
    const { reader, directory, next, reviewed, questions } = await loaded(runtime('a'), runtime('b'));
    reader.changed(guidOf('c'));
    const question = await next();
    expect(question.guids).toEqual(['c']);
    question.answer(runtime('c'));
    await expect.poll(() => directory.runtime('c')).toBeDefined();
    expect(reviewed).toEqual([['c']]);
    expect(questions).toEqual([]);
  });

  it('in one question for all that changed while another was under way, each of a bounded length', async () => {
    const { reader, next, known } = await loaded();
    const names = Array.from({ length: runtimesAtOnce + 10 }, (_, index) => `r${index}`);
    reader.changed(guidOf('first'));
    const first = await next();
    for (const name of [...names, ...names]) reader.changed(guidOf(name));
    first.answer(runtime('first'));
    const many = await next();
    expect(many.guids).toEqual(names.slice(0, runtimesAtOnce));
    many.answer(...names.slice(0, runtimesAtOnce).map((name) => runtime(name)));
    const rest = await next();
    expect(rest.guids).toEqual(names.slice(runtimesAtOnce));
    rest.answer(...names.slice(runtimesAtOnce).map((name) => runtime(name)));
    await expect.poll(known).toEqual(['first', ...names]);
  });

  it('and what changes while it is being asked for is asked for again', async () => {
    const { reader, directory, next } = await loaded(runtime('a'));
    reader.changed(guidOf('a'));
    const before = await next();
    reader.changed(guidOf('a'));
    before.answer(runtime('a', { groups: ['old'] }));
    (await next()).answer(runtime('a', { groups: ['new'] }));
    await expect.poll(() => inGroup(directory, 'new')).toEqual(['a']);
    expect(inGroup(directory, 'old')).toEqual([]);
  });

  it('whatever of it changed: it is found where it is now, and nowhere else', async () => {
    const was = { user: 1, groups: ['a', 'b'], labels: { zone: 'eu' }, hasConnected: false };
    const { reader, directory, next } = await loaded(runtime('x', was));
    const found = (target: Parameters<Directory['matching']>[0], environment = 'development') =>
      directory.matching(target, environment).length;
    expect([found({ user: 1 }), found({ group: 'a' }), found({ select: { module: 'shop' } })]).toEqual([
      1, 1, 0,
    ]);
    reader.changed(guidOf('x'));
    const is = { user: 2, groups: ['b', 'c'], labels: { zone: 'us' }, module: 'bar', environment: 'test' };
    (await next()).answer(runtime('x', is));
    await expect.poll(() => found({ user: 2 }, 'test')).toBe(1);
    for (const target of [
      { group: 'b' },
      { group: 'c' },
      { select: { module: 'bar', labels: { zone: 'us' } } },
    ])
      expect([target, found(target, 'test')]).toEqual([target, 1]);
    for (const target of [{ user: 1 }, { group: 'a' }, { select: { module: 'shop' } }])
      expect([target, found(target), found(target, 'test')]).toEqual([target, 0, 0]);
  });

  it('and one that is not there any more is forgotten', async () => {
    const { reader, directory, next, known } = await loaded(runtime('a', { groups: ['g'] }), runtime('b'));
    reader.changed(guidOf('a'));
    (await next()).answer();
    await expect.poll(known).toEqual(['b']);
    expect(inGroup(directory, 'g')).toEqual([]);
  });

  it('and what could not be asked for is asked for again, with what changed meanwhile', async () => {
    const { reader, clock, next, known } = await loaded();
    reader.changed(guidOf('a'));
    (await next()).fail();
    await expect.poll(() => clock.timers).toBe(1);
    reader.changed(guidOf('b'));
    clock.advance(1_000);
    const again = await next();
    expect(again.guids).toEqual(expect.arrayContaining(['a', 'b']));
    again.answer(runtime('a'), runtime('b'));
    await expect.poll(known).toEqual(['a', 'b']);
  });

  it('at the start by all of it, and whoever starts is told if that fails', async () => {
    const { reader, next, known, questions } = reading();
    const failing = reader.load();
    (await next()).fail();
    await expect(failing).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    expect(questions).toEqual([]);
    const load = reader.load();
    const question = await next();
    expect(question.guids).toBeUndefined();
    question.answer(runtime('a'));
    await load;
    expect(known()).toEqual(['a']);
  });
});

describe('no older answer comes after a later one', () => {
  it('where something changes while all of it is read', async () => {
    const { reader, directory, next } = await loaded(runtime('a'));
    reader.reload();
    const all = await next();
    expect(all.guids).toBeUndefined();
    reader.changed(guidOf('a'));
    all.answer(runtime('a', { groups: ['old'] }));
    const one = await next();
    expect(one.guids).toEqual(['a']);
    one.answer(runtime('a', { groups: ['new'] }));
    await expect.poll(() => inGroup(directory, 'new')).toEqual(['a']);
  });

  it.each(['all of it', 'it alone'])('where one is removed while %s is read', async (what) => {
    const { reader, next, known } = await loaded(runtime('a'), runtime('b'));
    if (what === 'it alone') reader.changed(guidOf('a'));
    else reader.reload();
    const question = await next();
    reader.removed(guidOf('a'));
    expect(known()).toEqual(['b']);
    question.answer(runtime('a'), runtime('b', { groups: ['seen'] }));
    await expect.poll(() => known()).toEqual(['b']);
    reader.changed(guidOf('c'));
    (await next()).answer(runtime('c'));
    await expect.poll(known).toEqual(['b', 'c']);
  });

  it('where one enrols and connects while all of it is read: it is asked for before it is forgotten', async () => {
    const { reader, directory, next, known } = await loaded(runtime('gone'));
    reader.reload();
    const all = await next();
    directory.meetRuntime(runtime('new'));
    all.answer();
    const unlisted = await next();
    expect(unlisted.guids).toEqual(['gone', 'new']);
    expect(known()).toEqual(['gone', 'new']);
    unlisted.answer(runtime('new'));
    await expect.poll(known).toEqual(['new']);
  });

  it('where one connects for the first time while it is read', async () => {
    const { reader, directory, next } = await loaded(runtime('a', { hasConnected: false }));
    reader.changed(guidOf('a'));
    const question = await next();
    directory.meetRuntime(runtime('a'));
    question.answer(runtime('a', { hasConnected: false, groups: ['g'] }));
    await expect.poll(() => inGroup(directory, 'g')).toEqual(['a']);
    expect(directory.runtime('a')?.hasConnected).toBe(true);
  });

  it('where the api has lost its history while one was asked for: all of it is read first', async () => {
    const { reader, next, known } = await loaded(runtime('a'));
    reader.changed(guidOf('a'));
    const one = await next();
    reader.changed(guidOf('b'));
    reader.reload();
    one.answer(runtime('a'));
    const all = await next();
    expect(all.guids).toBeUndefined();
    all.answer(runtime('b'));
    (await next()).answer();
    await expect.poll(known).toEqual(['b']);
  });
});

describe('a relay', () => {
  it('reads the whole list when it starts, after a gap and after a reset, and not for one that enrols', async () => {
    const stack = await Stack.start();
    const { asked } = stack.authority;
    expect(asked).toEqual(['all']);
    const { login } = await stack.runtime();
    await expect.poll(() => asked).toEqual(['all', [login.session.runtime.guid]]);
    stack.authority.resume();
    await expect.poll(() => asked.length).toBe(3);
    stack.authority.reset();
    await expect.poll(() => asked.slice(2)).toEqual(['all', 'all']);
  });
});
