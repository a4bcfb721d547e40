import { describe, expect, test } from 'vitest';

import { check, isClean } from '../src/checker/check.ts';
import { counts, type Count } from '../src/checker/finding.ts';
import { begun, type History } from './support/history.ts';

const numbersOf = (history: History): Record<Count, number> => {
  const { summary } = check(history.events);
  return Object.fromEntries(counts.map((count) => [count, summary[count]])) as Record<Count, number>;
};
const none: Record<Count, number> = { lost: 0, doubled: 0, reordered: 0, phantom: 0, regressed: 0 };
const message = { carries: 'notice' as const, resources: [] };

describe('a history in which everything came as promised', () => {
  test('has nothing to be found, and each delivery was looked at', () => {
    const history = begun().good('p', 1).good('q', 2).state('one', { '/a': 'q' });
    const { summary, findings } = check(history.events);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ ...none, accepted: 2, checked: 2 });
    expect(isClean(summary)).toBe(true);
  });

  test('is so where a push was replaced by a later one of all its files before it was sent', () => {
    const history = begun()
      .invoke('p', { resources: ['/a', '/b'] })
      .ok('p', 'one')
      .invoke('q', { resources: ['/a', '/b'] })
      .ok('q', 'one')
      .effect('one', 'q', '/a')
      .effect('one', 'q', '/b')
      .read('p', 1, { one: 'superseded' })
      .read('q', 2, { one: 'completed' });
    expect(numbersOf(history)).toEqual(none);
  });

  test('is so where a kill took a program that had just applied a push, and the next one applied it again', () => {
    const history = begun().good('p', 1).start('one').effect('one', 'p').state('one', { '/a': 'p' });
    expect(numbersOf(history)).toEqual(none);
  });

  test('is so where a retry has effect once more', () => {
    const history = begun()
      .invoke('p', message)
      .ok('p', 'one')
      .effect('one', 'p', null)
      .read('p', 1, { one: 'failed' }, { problem: 'crashed' })
      .effect('one', 'p', null)
      .read('p', 1, { one: 'completed' }, { attempt: 2 });
    expect(numbersOf(history)).toEqual(none);
  });

  test('is so where nobody knows whether a push was accepted', () => {
    const history = begun()
      .invoke('p')
      .tell('sender-1', { kind: 'unknown', push: 'p', problem: 'unavailable' });
    expect(numbersOf(history)).toEqual(none);
    expect(numbersOf(history.effect('one', 'p').read('p', 1, { one: 'completed' }))).toEqual(none);
  });

  test('is so where the time to deliver passed, and where a message was cut off by a kill', () => {
    const history = begun()
      .invoke('p', { deliverBy: 1_700_000_004_000 })
      .ok('p', 'one')
      .read('p', 1, { one: 'expired' })
      .invoke('q', message)
      .ok('q', 'one')
      .read('q', 2, { one: 'failed' }, { problem: 'crashed' });
    expect(numbersOf(history)).toEqual(none);
  });

  test('is so where a push went to a credential, as its instance was away', () => {
    const history = begun()
      .invoke('p')
      .tell('sender-1', { kind: 'ok', push: 'p', duplicate: false, recipients: ['one'] });
    expect(numbersOf(history)).toEqual({ ...none, lost: 1 });
    expect(check(history.effect('one', 'p').events).summary).toMatchObject({ ...none, checked: 1 });
  });

  test('is so where a runtime that joined later gets what is in place', () => {
    const history = begun().good('p', 1).joined('two').start('two').effect('two', 'p');
    expect(numbersOf(history)).toEqual(none);
  });
});

describe('lost', () => {
  const one = { ...none, lost: 1 };

  test('an accepted push that had no effect', () => {
    expect(numbersOf(begun().invoke('p').ok('p', 'one').read('p', 1, { one: 'pushed' }))).toEqual(one);
  });

  test('one whose track says completed all the same', () => {
    expect(numbersOf(begun().invoke('p').ok('p', 'one').read('p', 1, { one: 'completed' }))).toEqual(one);
  });

  test('one that ended superseded though one of its files was not replaced', () => {
    const history = begun()
      .invoke('p', { resources: ['/a', '/b'] })
      .ok('p', 'one')
      .good('q', 2)
      .read('p', 1, { one: 'superseded' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('one of several files that had half of its effect', () => {
    const history = begun()
      .invoke('p', { resources: ['/a', '/b'] })
      .ok('p', 'one')
      .effect('one', 'p', '/a')
      .read('p', 1, { one: 'completed' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('one that replaced a later one only in the order of the calls', () => {
    const history = begun().good('q', 1).invoke('p').ok('p', 'one').read('p', 2, { one: 'superseded' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('one that the relay does not know any more', () => {
    const history = begun().good('p', 1).tell('other', { kind: 'absent', push: 'p' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('one that was in place, and at the end an older one is', () => {
    const history = begun().good('p', 1).good('q', 2).start('one', { '/a': 'p' }).state('one', { '/a': 'p' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('one that expired before its time', () => {
    expect(numbersOf(begun().invoke('p').ok('p', 'one').read('p', 1, { one: 'expired' }))).toEqual(one);
    const later = begun().invoke('p', { deliverBy: 1_800_000_000_000 }).ok('p', 'one');
    expect(numbersOf(later.read('p', 1, { one: 'expired' }))).toEqual(one);
  });

  test('a message that nobody heard', () => {
    const history = begun().invoke('p', message).ok('p', 'one');
    expect(numbersOf(history.read('p', 1, { one: 'completed' }))).toEqual(one);
  });

  test('but nothing is promised to a runtime that lies', () => {
    const history = begun()
      .tell('liar', { kind: 'joined', runtime: 'liar', recipient: 'liar#1', isHostile: true })
      .invoke('p')
      .ok('p', 'one', 'liar')
      .effect('one', 'p');
    expect(check(history.events).summary).toMatchObject({ ...none, checked: 1 });
  });
});

describe('doubled', () => {
  const one = { ...none, doubled: 1 };

  test('a message that was heard twice in one attempt, in one life or in two', () => {
    const history = begun().invoke('p', message).ok('p', 'one').effect('one', 'p', null);
    expect(numbersOf(history.start('one').effect('one', 'p', null))).toEqual(one);
  });

  test('a push that took effect twice in one life', () => {
    expect(numbersOf(begun().good('p', 1).effect('one', 'p'))).toEqual(one);
  });

  test('one that took effect on a program that had started with it', () => {
    const history = begun().good('p', 1).start('one', { '/a': 'p' }).effect('one', 'p');
    expect(numbersOf(history)).toEqual(one);
  });
});

describe('reordered', () => {
  test('a push that took effect after a later one of the same file', () => {
    const history = begun()
      .invoke('p')
      .ok('p', 'one')
      .good('q', 2)
      .effect('one', 'p')
      .read('p', 1, { one: 'completed' })
      .state('one', { '/a': 'q' });
    expect(numbersOf(history)).toEqual({ ...none, reordered: 1 });
  });

  test('one that took effect on what an earlier life had left', () => {
    const history = begun().invoke('p').ok('p', 'one').good('q', 2).start('one', { '/a': 'q' });
    history.effect('one', 'p').read('p', 1, { one: 'completed' });
    expect(numbersOf(history)).toEqual({ ...none, reordered: 1 });
  });

  test('but the order of different files is free', () => {
    const history = begun()
      .invoke('p')
      .ok('p', 'one')
      .invoke('q', { resources: ['/b'] })
      .ok('q', 'one')
      .effect('one', 'q', '/b')
      .effect('one', 'p')
      .read('p', 1, { one: 'completed' })
      .read('q', 2, { one: 'completed' });
    expect(numbersOf(history)).toEqual(none);
  });
});

describe('phantom', () => {
  const one = { ...none, phantom: 1 };

  test('an effect of what nobody sent', () => {
    expect(numbersOf(begun().effect('one', 'p'))).toEqual(one);
    expect(numbersOf(begun().start('one', { '/a': 'p' }))).toEqual(one);
    expect(numbersOf(begun().state('one', { '/a': 'p' }))).toEqual(one);
  });

  test('an effect of a push that was refused for good', () => {
    expect(numbersOf(begun().invoke('p').fail('p').effect('one', 'p'))).toEqual(one);
  });

  test('an effect of a push that no relay has journaled', () => {
    const history = begun().invoke('p').effect('one', 'p').tell('observer', { kind: 'absent', push: 'p' });
    expect(numbersOf(history)).toEqual(one);
  });

  test('an effect where the push was not meant to have one', () => {
    const other = begun()
      .joined('two')
      .start('two')
      .good('p', 1, { to: ['one#1'] })
      .effect('two', 'p');
    expect(numbersOf(other)).toEqual(one);
    const late = begun().invoke('p', message).ok('p', 'one').effect('one', 'p', null);
    expect(numbersOf(late.joined('two').start('two').effect('two', 'p', null))).toEqual(one);
  });

  test('what a session sent after it was ended, once the relays must have heard of it', () => {
    const history = begun().tell('admin', { kind: 'revoked', session: 'session-1' });
    expect(numbersOf(history.good('soon', 1))).toEqual(none);
    history.wait(5).invoke('p').ok('p');
    expect(numbersOf(history)).toEqual(one);
    expect(numbersOf(history.effect('one', 'p')).phantom).toBe(2);
  });
});

describe('regressed', () => {
  const one = { ...none, regressed: 1 };
  const read = () => begun().invoke('p').ok('p', 'one').effect('one', 'p');

  test('a reader who is told of an earlier stage than before', () => {
    const history = read().read('p', 1, { one: 'completed' }).read('p', 1, { one: 'pushed' });
    expect(numbersOf(history.read('p', 1, { one: 'completed' }))).toEqual(one);
  });

  test('an earlier attempt, or another end of the same', () => {
    const attempts = read().read('p', 1, { one: 'relayed' }, { attempt: 2 }).read('p', 1, { one: 'failed' });
    expect(numbersOf(attempts)).toEqual(one);
    const ends = read().read('p', 1, { one: 'completed' }).read('p', 1, { one: 'superseded' });
    expect(numbersOf(ends)).toEqual(one);
  });

  test('a push that was known, and then was not', () => {
    const history = read().read('p', 1, { one: 'relayed' }).tell('observer', { kind: 'absent', push: 'p' });
    expect(numbersOf(history.read('p', 1, { one: 'completed' }))).toEqual(one);
  });

  test('but two readers may be told at different times, and a new attempt begins anew', () => {
    const history = read()
      .read('p', 1, { one: 'completed' })
      .read('p', 1, { one: 'pushed' }, { by: 'other' });
    expect(numbersOf(history)).toEqual(none);
    const attempts = read().read('p', 1, { one: 'failed' }).read('p', 1, { one: 'relayed' }, { attempt: 2 });
    expect(numbersOf(attempts)).toEqual(none);
  });
});

test('the time to catch up is counted from the first healing after the acceptance, where the effect waited for it', () => {
  const history = begun().good('before', 1).invoke('p').ok('p', 'one');
  history.tell('harness', { kind: 'healed', round: 1 }).wait(3).effect('one', 'p');
  expect(check(history.events).summary.catchUpP99Ms).toBe(4_000);
});

test('rounds, faults and kills are counted', () => {
  const history = begun()
    .tell('harness', { kind: 'round', round: 1 })
    .tell('harness', { kind: 'fault', round: 1, fault: 'relay-kill', whom: 'relay-1', kills: 2 })
    .tell('harness', { kind: 'fault', round: 1, fault: 'reset', whom: 'runtime-1', kills: 0 });
  expect(check(history.events).summary).toMatchObject({
    rounds: 1,
    kills: 2,
    faults: { 'relay-kill': 1, reset: 1 },
  });
});
