import { problemOf, type Problem, type TrackNotice } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import type { RuntimeClient } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

/** How far a track has come; an end is the last. */
const ranks = { pushed: 2, delivered: 3, completed: 4, failed: 4 } as const;
type Stage = keyof typeof ranks;

/** What runtimes and strangers may say of a push, in any order and as often as they like. */
const wordOf = fc.record({
  by: fc.constantFrom('first', 'second', 'stranger'),
  says: fc.constantFrom('delivered', 'completed', 'failed'),
  attempt: fc.constantFrom(1, 1, 1, 1, 2, 7),
  statement: fc.constantFrom('right', 'right', 'right', 'right', 'other'),
  guid: fc.constantFrom('right', 'right', 'right', 'right', 'unknown'),
});
type Word = typeof wordOf extends fc.Arbitrary<infer Value> ? Value : never;

const events = { delivered: 'push-ack', completed: 'push-msg-complete', failed: 'push-msg-fail' } as const;

/** What becomes of a track by the rules alone. */
const after = (stage: Stage, { says, attempt, statement, guid, by }: Word): Stage => {
  const counts = by !== 'stranger' && attempt === 1 && statement === 'right' && guid === 'right';
  if (!counts || ranks[stage] === 4 || ranks[says] <= ranks[stage]) return stage;
  return says;
};

/** Whether the one who said it is told what is wrong with it; a late or repeated word is not worth telling. */
const isFaulty = ({ by, statement, guid }: Word): boolean =>
  by === 'stranger' || guid === 'unknown' || statement === 'other';

it('[ACK-1] tracks come to what the rules say, whatever is said of them by whom, how often and in which order', async () => {
  const clock = new ManualClock();
  const stack = await Stack.start({ clock, rate: { perSecond: 1e6, burst: 1e6 } });
  const parties = {
    first: await stack.runtime({ name: 'first' }),
    second: await stack.runtime({ name: 'second' }),
    stranger: await stack.runtime({ module: 'depot', name: 'stranger' }),
  };
  const { client, login } = await stack.sender();
  const other = await digestOf('another statement');
  let before: SignedPush | undefined;

  const say = (word: Word, push: SignedPush): void => {
    const runtime: RuntimeClient = parties[word.by].client;
    runtime.socket.emit(events[word.says], {
      pushGuid: word.guid === 'right' ? push.pushGuid : crypto.randomUUID(),
      attempt: word.attempt,
      statement: word.statement === 'right' ? push.statement : other,
      at: clock.now(),
      ...(word.says === 'failed' ? { problem: problemOf('apply-failed') } : {}),
    });
  };

  await fc.assert(
    fc.asyncProperty(fc.array(wordOf, { maxLength: 25 }), async (words) => {
      const predecessor = before?.heads[0]?.digest ?? null;
      const text = crypto.randomUUID();
      const push = await patchPush(login, [{ resource: '/shop/src/cart.ts', text, predecessor }]);
      before = push;
      expect(await client.push(push.envelope)).toMatchObject({ status: true });
      await parties.first.client.until('apply-runtime-patch');
      await parties.second.client.until('apply-runtime-patch');
      const expected: Record<string, Stage> = { first: 'pushed', second: 'pushed' };
      const faults: Record<string, number> = { first: 0, second: 0, stranger: 0 };
      for (const word of words) {
        say(word, push);
        if (word.by !== 'stranger') expected[word.by] = after(expected[word.by]!, word);
        if (isFaulty(word)) faults[word.by]! += 1;
      }
      for (const [name, { client: runtime }] of Object.entries(parties)) {
        // Whatever was said is answered before this is.
        await runtime.ask('list-targets', {});
        const problems: Problem[] = [];
        while (problems.length < faults[name]!) problems.push(await runtime.until<Problem>('problem'));
        expect(problems.every(({ kind }) => kind === 'not-found' || kind === 'invalid-request')).toBe(true);
      }
      const track = () =>
        client.ask<{ push: { recipients: { recipient: string; stage: Stage; attempt: number }[] } }>(
          'get-track',
          {
            pushGuid: push.pushGuid,
          },
        );
      await expect
        .poll(async () =>
          Object.fromEntries(
            (await track()).push.recipients.map(({ recipient, stage }) => [recipient, stage]),
          ),
        )
        .toEqual({
          [parties.first.recipient]: expected['first'],
          [parties.second.recipient]: expected['second'],
        });
    }),
    { numRuns: 60 },
  );

  // No notice ever took back what another had said.
  const said = new Map<string, number>();
  for (const [event, payload] of client.frames) {
    if (!event.startsWith('push-')) continue;
    const { pushGuid, recipients } = payload as TrackNotice;
    for (const { recipient, stage } of recipients) {
      const key = `${pushGuid} ${recipient}`;
      const rank = stage === 'relayed' ? 1 : ranks[stage as Stage];
      expect(rank).toBeGreaterThan(said.get(key) ?? 0);
      said.set(key, rank);
    }
  }
  await client.push((await noticePush(login, 'still there')).envelope);
  await parties.first.client.until('show-notice');
});
