import { type ICdPushEnvelop, type Problem, type PushAnswer } from '@cd-push/protocol';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import type { Role } from '../src/authority/session.ts';
import { names, RuntimeClient } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { LegacyClient } from './support/legacy-client.ts';
import { Stack } from './support/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await Stack.start({ legacy: 'on' });
});

const connect = async (roles: readonly Role[] = ['developer'], token?: string): Promise<LegacyClient> => {
  const login = await stack.authority.existing({ roles });
  const client = new LegacyClient(stack.url, { token: token ?? login.token });
  client.user = login.session.user.id;
  onTestFinished(() => client.close());
  await client.connected();
  return client;
};

const pair = async (): Promise<{ sender: LegacyClient; receiver: LegacyClient }> => {
  const sender = await connect();
  const receiver = await connect();
  await sender.register();
  await receiver.register();
  return { sender, receiver };
};

/** Sends a marker to each of the sockets from a third one; whatever else was on its way would come before it. */
const expectQuiet = async (...clients: readonly LegacyClient[]): Promise<void> => {
  const marker = await connect();
  for (const client of clients) {
    const m = crypto.randomUUID();
    marker.say('send-memo', [client.guid], m);
    expect((await client.next<ICdPushEnvelop>('push-msg-pushed')).pushData.m).toBe(m);
  }
};

describe('existing Corpdesk clients', () => {
  it('1: register by a JSON string and hear of it as an object, however often', async () => {
    const client = await connect();
    for (let time = 0; time < 2; time += 1) {
      const { pushData } = await client.register();
      expect(pushData.emittEvent).toBe('push-registered-client');
      expect(pushData.appSockets).toEqual([
        { socketId: client.socket.id, name: 'appInit', socketGuid: client.guid },
      ]);
      expect(pushData.commTrack.relayTime).toBeTypeOf('number');
    }
    await expectQuiet(client);
  });

  it('1: register by an object as well', async () => {
    const client = await connect();
    client.socket.emit('register-client', client.envelope('register-client', [], '').valueOf());
    const problem = await client.next<Problem>('problem');
    // An empty emittEvent is no event's name.
    expect(problem).toMatchObject({ kind: 'invalid-envelope', path: '/pushData/emittEvent' });
    const envelope = client.envelope('register-client', [], '');
    Object.assign(envelope.pushData as object, { emittEvent: 'push-registered-client' });
    client.socket.emit('register-client', envelope);
    await client.next('push-registered-client');
    await expectQuiet(client);
  });

  it('2: a message from 1 to 7 is relayed once to the sender and pushed once to the receiver', async () => {
    const { sender, receiver } = await pair();
    const menu = [{ title: 'Home', children: [{ path: '/' }] }];
    sender.say('send-pub', [receiver.guid], menu);

    const pushed = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    expect(pushed.pushData.m).toEqual(menu);
    // The user is the session's, not the one whom the envelope claims to be.
    expect(pushed.pushData.pushRecepients[0]).toMatchObject({
      subTypeId: 1,
      userId: sender.user,
      cdObjId: { resourceGuid: sender.guid },
    });
    expect(pushed.pushData).toMatchObject({ triggerEvent: 'msg-pushed', emittEvent: 'push-msg-pushed' });
    expect(pushed.pushData.commTrack).toMatchObject({ relayed: true, pushed: true, delivered: false });
    expect(pushed.pushData.commTrack.relayTime).toBeTypeOf('number');
    expect(pushed.pushData.commTrack.pushTime).toBeTypeOf('number');

    const relayed = await sender.next<ICdPushEnvelop>('push-msg-relayed');
    expect(relayed.pushData).toMatchObject({ emittEvent: 'push-msg-relayed', isNotification: true });
    expect(relayed.pushData.commTrack).toMatchObject({ relayed: true });
    await expectQuiet(sender, receiver);
  });

  it('3: the acknowledgement reaches the sender alone, exactly once, and nothing bounces', async () => {
    const { sender, receiver } = await pair();
    sender.say('send-pub', [receiver.guid], 'hello');
    const pushed = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    await sender.next('push-msg-relayed');

    receiver.reply('msg-received', pushed);
    receiver.reply('msg-received', pushed);
    const delivered = await sender.next<ICdPushEnvelop>('push-delivered');
    expect(delivered.pushData).toMatchObject({ emittEvent: 'push-delivered', isNotification: true });
    expect(delivered.pushData.commTrack).toMatchObject({ delivered: true });
    sender.reply('msg-completed', delivered);
    sender.reply('msg-completed', delivered);
    await expectQuiet(sender, receiver);

    // The sender is still reached where it was.
    receiver.say('send-pub', [sender.guid], 'back');
    expect((await sender.next<ICdPushEnvelop>('push-msg-pushed')).pushData.m).toBe('back');
    await receiver.next('push-msg-relayed');
    await expectQuiet(sender, receiver);
    expect(names(receiver.frames)).not.toContain('push-delivered');
  });

  it('3: a receipt by somebody who did not get the message changes nothing', async () => {
    const { sender, receiver } = await pair();
    const stranger = await connect();
    await stranger.register();
    sender.say('send-pub', [receiver.guid], 'hello');
    const pushed = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    await sender.next('push-msg-relayed');
    stranger.reply('msg-received', pushed);
    stranger.reply('msg-completed', pushed);
    await expectQuiet(sender, receiver, stranger);
  });

  it('4: dev-sync goes by its own name, delivered on receipt, completed after applying, and needs a statement', async () => {
    const runtime = await stack.runtime();
    const login = await stack.authority.developer();
    const sender = await connect([], login.token);
    const push = await patchPush(login, [{ resource: '/shop/src/cart.ts', text: '1' }]);
    sender.socket.emit('dev-sync-init', JSON.stringify(push.envelope));
    await runtime.client.next('apply-runtime-patch');
    runtime.client.acknowledge('push-ack', push.pushGuid, push.statement);
    await sender.until('push-delivered');
    runtime.client.acknowledge('push-msg-complete', push.pushGuid, push.statement);
    await sender.until('push-msg-completed');

    const pushData = { ...push.envelope.pushData, statement: undefined };
    sender.socket.emit('dev-sync-init', JSON.stringify({ ...push.envelope, pushData }));
    expect(await sender.until<Problem>('problem')).toMatchObject({
      kind: 'invalid-envelope',
      path: '/pushData/statement',
    });
  });

  it('5: an unknown recipient is told to the sender, the others are not affected, and each has its own track', async () => {
    const { sender, receiver } = await pair();
    const second = await connect();
    await second.register();
    sender.say('send-pub', [receiver.guid, 'nobody', second.guid], 'to all');
    const first = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    const other = await second.next<ICdPushEnvelop>('push-msg-pushed');
    expect(await sender.next<Problem>('problem')).toMatchObject({
      kind: 'no-recipients',
      path: '/pushData/pushRecepients/2',
    });
    await sender.next('push-msg-relayed');
    receiver.reply('msg-received', first);
    await sender.next('push-delivered');
    second.reply('msg-received', other);
    await sender.next('push-delivered');
    await expectQuiet(sender, receiver, second);
  });

  it('5: a sender that names no object of its own still hears what becomes of its message', async () => {
    const { sender, receiver } = await pair();
    const envelope = sender.envelope('send-pub', [receiver.guid], 'hello');
    const pushData = envelope.pushData as ICdPushEnvelop['pushData'];
    const anonymous = {
      ...pushData,
      emittEvent: 'push-pub',
      pushRecepients: pushData.pushRecepients.slice(1),
    };
    sender.socket.emit('send-pub', JSON.stringify({ ...envelope, pushData: anonymous }));
    const pushed = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    expect(pushed.pushData.pushRecepients[0]).toMatchObject({ subTypeId: 1, userId: sender.user });
    await sender.next('push-msg-relayed');
    receiver.reply('msg-received', pushed);
    await sender.next('push-delivered');
    await expectQuiet(sender, receiver);
  });

  it('5: an absent recipient leaves pushed false, and has the message when it is back', async () => {
    const { sender, receiver } = await pair();
    const gone = receiver.closed;
    receiver.close();
    await gone;
    await expectQuiet(sender);
    sender.say('send-pub', [receiver.guid], 'later');
    const relayed = await sender.next<ICdPushEnvelop>('push-msg-relayed');
    expect(relayed.pushData.commTrack).toMatchObject({ relayed: true, pushed: false, pushTime: null });
    await receiver.connected();
    await receiver.register();
    const pushed = await receiver.next<ICdPushEnvelop>('push-msg-pushed');
    expect(pushed.pushData.m).toBe('later');
    receiver.reply('msg-received', pushed);
    await sender.next('push-delivered');
    await expectQuiet(sender, receiver);
  });

  it('6: what is malformed gets a problem on its socket, and the next message passes', async () => {
    const { sender, receiver } = await pair();
    const noPushData = JSON.stringify({ req: null, resp: null });
    const copied = sender.envelope('send-pub', [{ userId: 1, subTypeId: 3 }], '');
    Object.assign(copied.pushData as object, { emittEvent: 'push-pub' });
    const cases: [unknown, Problem['kind'], string | undefined][] = [
      ['{not json', 'invalid-json', undefined],
      [noPushData, 'invalid-envelope', '/pushData'],
      [7, 'invalid-envelope', ''],
      [JSON.stringify(copied), 'unsupported-recipient', '/pushData/pushRecepients/1/subTypeId'],
    ];
    for (const [payload, kind, path] of cases) {
      sender.socket.emit('send-pub', payload);
      const problem = await sender.next<Problem>('problem');
      expect([problem.kind, problem.path]).toEqual([kind, path]);
      expect(await sender.ask('send-pub', payload)).toMatchObject({ status: false, error: { kind } });
    }
    sender.say('send-pub', [receiver.guid], 'still here');
    expect((await receiver.next<ICdPushEnvelop>('push-msg-pushed')).pushData.m).toBe('still here');
  });

  it('7: another identity’s resourceGuid is refused, and its owner still receives', async () => {
    const { sender, receiver } = await pair();
    const runtime = await stack.runtime();
    const thief = await connect();
    await thief.register();
    for (const guid of [receiver.guid, runtime.login.session.runtime.guid]) {
      const envelope = thief.envelope('register-client', [], '', guid);
      Object.assign(envelope.pushData as object, { emittEvent: 'push-registered-client' });
      thief.socket.emit('register-client', JSON.stringify(envelope));
      expect(await thief.next<Problem>('problem')).toMatchObject({
        kind: 'sender-mismatch',
        path: '/pushData/pushRecepients/0/cdObjId/resourceGuid',
      });
    }
    sender.say('send-pub', [receiver.guid], 'for you alone');
    await receiver.next('push-msg-pushed');
    await expectQuiet(thief);
  });

  it('7: the guid of an account is its user’s, connected or not', async () => {
    const absent = crypto.randomUUID();
    stack.authority.users.push(absent);
    stack.authority.change({ kind: 'user-changed', user: 1, roles: ['developer'], removed: false });
    const thief = await connect();
    await expectForeign(thief, absent);
    // Before its account was known a guid is like any other; then it goes back to its user, with what is sent to it.
    const login = await stack.authority.existing();
    const { guid } = login.session.user;
    await expectOwn(thief, guid);
    const owner = await connect(['developer'], login.token);
    await expectOwn(owner, guid);
    await expectForeign(thief, guid);
    thief.say('send-pub', [guid], 'for the owner');
    expect((await owner.next<ICdPushEnvelop>('push-msg-pushed')).pushData.m).toBe('for the owner');
  });

  it('7: a guid that was forgotten stays its user’s while messages for it are open, and no longer', async () => {
    const login = await stack.authority.existing();
    const guids = ['with a message', 'without one'];
    const first = await connect(['developer'], login.token);
    for (const guid of guids) await expectOwn(first, guid);
    const gone = first.closed;
    first.close();
    await gone;
    const sender = await connect();
    sender.say('send-pub', ['with a message'], 'secret');
    await sender.next('push-msg-relayed');
    const again = await connect(['developer'], login.token);
    for (let count = 0; count < 64; count += 1) await expectOwn(again, `another ${count}`);

    const thief = await connect();
    await expectForeign(thief, 'with a message');
    await expectOwn(thief, 'without one');
    await expectOwn(again, 'with a message');
    const pushed = await again.next<ICdPushEnvelop>('push-msg-pushed');
    expect(pushed.pushData.m).toBe('secret');
  });

  it('7: what is relayed holds no token and no socket of the sender', async () => {
    const { sender, receiver } = await pair();
    sender.say('send-pub', [receiver.guid], 'hello');
    await receiver.next('push-msg-pushed');
    expect(JSON.stringify(receiver.frames)).not.toMatch(/a-secret-token|a-socket-of-the-sender/);
    expect(stack.log.lines.join()).not.toMatch(/a-secret-token|a-socket-of-the-sender/);
  });

  it('7: no message of theirs reaches a runtime', async () => {
    const { sender } = await pair();
    const runtime = await stack.runtime();
    const answer = await sender.ask<PushAnswer>(
      'send-pub',
      withEmit(sender.envelope('send-pub', [runtime.login.session.runtime.guid], 'hello')),
    );
    expect(answer).toMatchObject({ status: false, error: { kind: 'no-recipients' } });
    expect(runtime.client.frames).toEqual([]);
  });

  it('8: a receiver that returns is reached where it is now, and a callback is answered', async () => {
    const { sender, receiver } = await pair();
    const gone = receiver.closed;
    receiver.close();
    await gone;
    await receiver.connected();
    await receiver.register();
    const answer = await sender.ask<PushAnswer>(
      'send-pub',
      withEmit(sender.envelope('send-pub', [receiver.guid], 'hi')),
    );
    expect(answer).toMatchObject({ status: true, duplicate: false, recipients: [receiver.guid] });
    await receiver.next('push-msg-pushed');
    await expectQuiet(receiver);
    expect(await sender.ask('send-pub', '{')).toMatchObject({
      status: false,
      error: { kind: 'invalid-json' },
    });
  });

  it('are strangers to a relay that was not switched to their dialect', async () => {
    const modern = await Stack.start();
    const { client } = await modern.sender();
    expect(await client.ask('register-client', '{}')).toMatchObject({
      status: false,
      error: { kind: 'unknown-trigger' },
    });
  });

  it('cannot be spoken by a runtime’s session', async () => {
    const { login } = await stack.runtime();
    const client = new RuntimeClient(stack.url, { token: login.token });
    onTestFinished(() => client.close());
    await client.connected();
    expect(await client.ask('register-client', '{}')).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });
});

const registering = (client: LegacyClient, guid: string): Promise<{ status: boolean; error?: Problem }> => {
  const envelope = client.envelope('register-client', [], '', guid);
  Object.assign(envelope.pushData as object, { emittEvent: 'push-registered-client' });
  return client.ask('register-client', JSON.stringify(envelope));
};

const expectForeign = async (client: LegacyClient, guid: string): Promise<void> => {
  expect(await registering(client, guid)).toMatchObject({
    status: false,
    error: { kind: 'sender-mismatch' },
  });
};

const expectOwn = async (client: LegacyClient, guid: string): Promise<void> => {
  expect(await registering(client, guid)).toMatchObject({ status: true });
  await client.next('push-registered-client');
};

const withEmit = (envelope: Record<string, unknown>): string => {
  Object.assign(envelope.pushData as object, { emittEvent: 'push-pub' });
  return JSON.stringify(envelope);
};
