import { epochMs, recipientIdOf, type RecipientId, type ResourceGuid } from '@cd-push/protocol';
import { expect, it } from 'vitest';

import { TrackedPush } from '../src/journal/tracked-push.ts';
import { Notices } from '../src/tracks/notices.ts';

const at = epochMs(1);
const times = { initialized: at, relayed: at, pushed: at, delivered: at, completed: at };
const recipient = (name: string): RecipientId => recipientIdOf(name as ResourceGuid);

/** Tells what was written in one turn, and gives the messages that it came to. */
const messagesOf = async (
  ...written: readonly [string, 'delivered' | 'completed' | 'relayed', number?][]
) => {
  const push = { accepted: { pushGuid: 'p' }, progress: {}, tracks: new Map() } as unknown as TrackedPush;
  const messages: string[] = [];
  const told = Promise.withResolvers<void>();
  const notices = new Notices({
    notice: (_, event, { recipients }) => {
      messages.push([event, ...recipients.map((entry) => `${entry.recipient}:${entry.attempt}`)].join(' '));
      told.resolve();
    },
  });
  notices.written(
    written.map(([name, stage, attempt = 1]) => ({
      push,
      recipient: recipient(name),
      track: { attempt, state: { stage, times } },
      before: undefined,
    })),
  );
  await told.promise;
  return messages;
};

it('recipients that come to a stage together are told of in one message', async () => {
  expect(
    await messagesOf(['a', 'delivered'], ['b', 'delivered'], ['a', 'completed'], ['b', 'completed']),
  ).toEqual(['push-delivered a:1 b:1', 'push-msg-completed a:1 b:1']);
});

it('no recipient’s stages are told out of their order, whatever others have come to before', async () => {
  expect(await messagesOf(['a', 'completed'], ['b', 'delivered'], ['b', 'completed'])).toEqual([
    'push-msg-completed a:1',
    'push-delivered b:1',
    'push-msg-completed b:1',
  ]);
});

it('a new attempt is told of after the end of the one before it', async () => {
  expect(await messagesOf(['b', 'relayed'], ['a', 'completed'], ['a', 'relayed', 2])).toEqual([
    'push-msg-relayed b:1',
    'push-msg-completed a:1',
    'push-msg-relayed a:2',
  ]);
});

it('[TRACK-2] a node that reads a push when more is known of it tells that, and no stage before it afterwards', async () => {
  const [a, b, c] = [recipient('a'), recipient('b'), recipient('c')];
  const accepted = { pushGuid: 'p', initTime: at, acceptedAt: at, recipients: [a, b, c] };
  const completed = { attempt: 1, state: { stage: 'completed', times } } as const;
  const relayed = { attempt: 1, state: { stage: 'relayed', times } } as const;
  const push = new TrackedPush({
    offset: 1,
    facts: accepted as unknown as TrackedPush['accepted'],
    tracks: new Map<RecipientId, typeof completed | typeof relayed>([
      [a, completed],
      [b, completed],
      [c, relayed],
    ]),
  });
  const told: string[] = [];
  const isTold = Promise.withResolvers<void>();
  const notices = new Notices({
    notice: (_, event, { recipients }) => {
      told.push([event, ...recipients.map((entry) => entry.recipient)].join(' '));
      if (event === 'push-msg-failed') isTold.resolve();
    },
  });
  notices.accepted(push);
  // What was read of tracks beside it may be older than what was read of the push.
  const delivered = { attempt: 1, state: { stage: 'delivered', times } } as const;
  notices.written([{ push, recipient: b, track: delivered, before: completed }]);
  notices.written([{ push, recipient: a, track: completed, before: completed }]);
  notices.written([{ push, recipient: c, track: delivered, before: relayed }]);
  const expired = { attempt: 1, state: { stage: 'expired', times, at } } as const;
  notices.written([{ push, recipient: c, track: expired, before: delivered }]);
  await isTold.promise;
  expect(told).toEqual([
    'push-msg-completed a b',
    'push-msg-relayed c',
    'push-delivered c',
    'push-msg-failed c',
  ]);
});
