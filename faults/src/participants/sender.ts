// Pushes without end, keeps what is not yet accepted, and notes what it was answered and told.
import { setTimeout as sleep } from 'node:timers/promises';

import { connect, Publisher, type Connection, type Push, type Session } from '@cd-push/client';
import { isTrackNotice } from '@cd-push/protocol';

import { credentialOf } from '../checker/history-view.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import { environment, targets } from '../run/settings.ts';
import { Draw } from '../schedule/draw.ts';
import { fileOutbox } from './file-outbox.ts';
import { countLife, forgetSession, keptSession } from './kept-session.ts';
import { noteAnswer } from './note-answer.ts';
import { hearHarness, orderOf, readyLine, say } from './participant.ts';
import { SenderOrderSchema } from './sender-order.ts';
import { drawInvocation, patchOf, type Invocation } from './workload.ts';

const order = orderOf(SenderOrderSchema);
const { name, logs, apiUrl, relayUrl, home } = order;
const writer = new HistoryWriter(logs, name);
const outbox = fileOutbox(`${home}/outbox`);
const draw = new Draw(order.seed, `${name} in life ${countLife(home)}`);

/** Pushes that were not answered; beyond this the sender waits. */
const mostUnanswered = 24;
const pauseMs = { least: 40, most: 320 };
const againMs = 250;

const noticeEvents = [
  'push-msg-relayed',
  'push-msg-pushed',
  'push-delivered',
  'push-msg-completed',
  'push-msg-failed',
  'push-msg-superseded',
];

interface Desk {
  readonly session: Session;
  readonly connection: Connection;
  readonly publisher: Publisher;
}

const unanswered = new Set<string>();
let desk: Desk | undefined;
/** Known from what was accepted. */
let recipients: readonly string[] = [];
let isDraining = false;

hearHarness((line) => {
  if (line === 'drain') isDraining = true;
});

/** Signs in, as often as it takes, and takes up what was left. */
const open = async (): Promise<Desk> => {
  for (;;) {
    try {
      const session = await keptSession(home, apiUrl, name);
      const connection = connect({ relayUrl, session });
      connection.onStatus(({ state }) => {
        if (state === 'ended') reopen();
      });
      for (const event of noticeEvents) connection.on(event, noteNotice);
      const publisher = new Publisher({ connection, session, outbox });
      for (const push of await publisher.resume()) void follow(push);
      return { session, connection, publisher };
    } catch {
      await sleep(againMs);
    }
  }
};

/** A session that is no good any more makes room for a new one. */
const reopen = (): void => {
  desk?.publisher.close();
  desk = undefined;
  forgetSession(home);
};

const noteNotice = (notice: unknown): void => {
  if (!isTrackNotice(notice)) return;
  const tracks = notice.recipients.map((entry) => ({
    recipient: entry.recipient,
    attempt: entry.attempt,
    stage: entry.stage,
    ...('problem' in entry ? { problem: entry.problem.kind } : {}),
  }));
  writer.tell({ kind: 'read', push: notice.pushGuid, offset: null, tracks });
};

const follow = async (push: Push): Promise<void> => {
  unanswered.add(push.pushGuid);
  const answer = await noteAnswer(push, writer);
  if (answer.status) recipients = answer.recipients;
  unanswered.delete(push.pushGuid);
};

const send = (invocation: Invocation, { session, publisher }: Desk): Push => {
  const { carries, resources, to, withinMs } = invocation;
  const pushGuid = crypto.randomUUID();
  writer.tell({
    kind: 'invoke',
    push: pushGuid,
    carries,
    resources: [...resources],
    to: to === 'everyone' ? to : [...to],
    session: session.account.identity,
    deliverBy: withinMs === undefined ? null : session.clock.now() + withinMs,
  });
  const delivery = {
    environment,
    targets: to === 'everyone' ? targets : to.map((recipient) => ({ guid: credentialOf(recipient) })),
    pushGuid,
    ...(withinMs === undefined ? {} : { deliverWithinMs: withinMs }),
  };
  switch (carries) {
    case 'patch':
      return publisher.push({
        ...delivery,
        patches: resources.map((resource) => patchOf(resource, pushGuid, order)),
      });
    case 'notice':
      return publisher.notify({ ...delivery, message: pushGuid });
    case 'operation':
      return publisher.operate({ ...delivery, operation: 'note', args: { push: pushGuid } });
    default:
      return carries satisfies never;
  }
};

say(readyLine);
for (;;) {
  desk ??= await open();
  if (isDraining && unanswered.size === 0 && (await outbox.claim()).length === 0) break;
  if (!isDraining && unanswered.size < mostUnanswered)
    void follow(send(drawInvocation(draw, { ...order, recipients }), desk));
  await sleep(draw.between(pauseMs.least, pauseMs.most));
}
writer.tell({ kind: 'drained' });
