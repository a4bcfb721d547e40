import {
  limits,
  problemOf,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type Target,
  type TrackNotice,
} from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import { names, type RuntimeClient } from './support/clients.ts';
import { deltaOf, noticePush, patchPush, shop } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';

let clock: ManualClock;
let stack: Stack;
beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock });
});

interface Track {
  readonly status: true;
  readonly push: {
    readonly outcome: string;
    readonly recipients: readonly {
      recipient: string;
      stage: string;
      connected: boolean;
      problem?: Problem;
    }[];
  };
}

describe('a repeated push', () => {
  it('gets the first answer again and is sent to nobody', async () => {
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    const first = await client.push(push.envelope);
    await runtime.client.next('apply-runtime-patch');
    const [second, third] = await Promise.all([client.push(push.envelope), client.push(push.envelope)]);
    expect(first).toMatchObject({ status: true, duplicate: false });
    for (const answer of [second, third]) {
      expect(answer).toMatchObject({
        status: true,
        duplicate: true,
        pushGuid: push.pushGuid,
        recipients: [runtime.recipient],
      });
    }
    await marker(stack, runtime.client);
  });

  it('is recognised after its statement has grown old and another has taken its place', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    await client.push(
      (await patchPush(login, [{ resource: cart, text: '2', predecessor: push.heads[0]!.digest }])).envelope,
    );
    clock.advance(300_000);
    expect(await client.push(push.envelope)).toMatchObject({ status: true, duplicate: true });
  });

  it('of another digest is a conflict, and of another tenant’s guid is none', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    const other = await patchPush(login, [{ resource: '/shop/b.ts', text: '2' }], {
      pushGuid: push.pushGuid,
    });
    expect(await client.push(other.envelope)).toMatchObject({
      status: false,
      error: { kind: 'conflict', path: '/pushData/pushGuid' },
    });
  });
});

describe('two senders at one head', () => {
  it('the second is refused and told the version in place', async () => {
    await stack.runtime();
    const first = await stack.sender();
    const second = await stack.sender();
    const base = await patchPush(first.login, [{ resource: cart, text: '0' }]);
    await first.client.push(base.envelope);
    const predecessor = base.heads[0]!.digest;
    const a = await patchPush(first.login, [{ resource: cart, text: 'a', predecessor }]);
    const b = await patchPush(second.login, [{ resource: cart, text: 'b', predecessor }]);
    const answers = await Promise.all([first.client.push(a.envelope), second.client.push(b.envelope)]);
    const accepted = answers.filter(({ status }) => status);
    const refused = answers.filter(
      (answer): answer is Extract<PushAnswer, { status: false }> => !answer.status,
    );
    expect(accepted).toHaveLength(1);
    const winner = answers[0]?.status ? a : b;
    expect(refused[0]?.error).toMatchObject({
      kind: 'conflict',
      resource: cart,
      path: '/pushData/statement/patches/0',
      current: { version: winner.heads[0]!.version, digest: winner.heads[0]!.digest },
    });
    expect(
      await first.client.ask('get-heads', { environment: 'development', resources: [cart, '/shop/none.ts'] }),
    ).toEqual({
      status: true,
      heads: [{ resource: cart, version: winner.heads[0]!.version, digest: winner.heads[0]!.digest }],
    });
  });

  it('a version that does not rise is refused', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    const { version, digest } = push.heads[0]!;
    const again = await patchPush(login, [{ resource: cart, text: '2', version, predecessor: digest }]);
    expect(await client.push(again.envelope)).toMatchObject({
      status: false,
      error: { kind: 'conflict', current: { version, digest } },
    });
  });

  it('versions of other environments do not meet', async () => {
    const grants = [{ prefix: '/shop', environments: ['*'] }];
    await stack.runtime();
    await stack.runtime({ environment: 'staging' });
    const { client, login } = await stack.sender({ grants });
    await client.push((await patchPush(login, [{ resource: cart, text: '1' }])).envelope);
    const other = await patchPush(login, [{ resource: cart, text: '1' }], { environment: 'staging' });
    expect(await client.push(other.envelope)).toMatchObject({ status: true });
  });

  it('passes on nothing beside a patch that its sender did not sign', async () => {
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }], { pushData: { m: 'not signed' } });
    await client.push(push.envelope);
    const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.m).toBe('');
  });

  it('a rename leaves nothing in place under the old name', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const old = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(old.envelope);
    const moved = '/shop/src/basket.ts';
    const rename = await patchPush(login, [
      {
        resource: moved,
        text: '1',
        predecessor: old.heads[0]!.digest,
        head: { change: 'rename', from: cart },
      },
    ]);
    expect(await client.push(rename.envelope)).toMatchObject({ status: true });
    const { version, digest } = rename.heads[0]!;
    expect(await client.ask('get-heads', { environment: 'development', resources: [cart, moved] })).toEqual({
      status: true,
      heads: [
        { resource: cart, version, digest: null },
        { resource: moved, version, digest },
      ],
    });
  });
});

describe('a delta', () => {
  it('does not make more of a push than an envelope may hold', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const text = 'y'.repeat(limits.envelopeBytes * 0.6);
    const files = ['/shop/a.txt', '/shop/b.txt'];
    for (const resource of files) {
      const before = await patchPush(login, [{ resource, text }]);
      expect(await client.push(before.envelope)).toMatchObject({ status: true });
    }
    const predecessor = await digestOf(text);
    const content = await deltaOf(text, `${text}!`);
    const bomb = await patchPush(
      login,
      files.map((resource) => ({ resource, text: `${text}!`, predecessor, content })),
    );
    expect(JSON.stringify(bomb.envelope).length).toBeLessThan(10_000);
    expect(await client.push(bomb.envelope)).toMatchObject({
      status: false,
      error: { kind: 'too-large', path: '/pushData/statement/patches' },
    });
  });

  it('is checked upon the head, sent as it is to who is there, and whole to who comes later', async () => {
    const present = await stack.runtime();
    const { client, login } = await stack.sender();
    const before = await patchPush(login, [{ resource: cart, text: 'const a = 1;' }]);
    await client.push(before.envelope);
    await present.client.apply(before.statement);
    await client.until('push-msg-completed');
    const delta = await patchPush(login, [
      {
        resource: cart,
        text: 'const a = 2;',
        predecessor: before.heads[0]!.digest,
        content: await deltaOf('const a = 1;', 'const a = 2;'),
      },
    ]);
    expect(await client.push(delta.envelope)).toMatchObject({ status: true });
    const live = await present.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(live.pushData.contents?.[0]?.encoding).toBe('delta');
    const late = await stack.runtime();
    const whole = await late.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(whole.pushData.contents).toEqual([{ encoding: 'text', text: 'const a = 2;' }]);
  });

  it('goes whole to who has what it is upon as a part of its base: there it is not at hand', async () => {
    const { client, login } = await stack.sender();
    const pushed = await stack.runtime();
    const before = await patchPush(login, [{ resource: cart, text: 'const a = 1;' }]);
    await client.push(before.envelope);
    await pushed.client.apply(before.statement);
    const { digest } = before.heads[0]!;
    const served = await stack.runtime({ name: 'served' }, 'one', [{ resource: cart, version: 0, digest }]);
    const delta = await patchPush(login, [
      {
        resource: cart,
        text: 'const a = 2;',
        predecessor: digest,
        content: await deltaOf('const a = 1;', 'const a = 2;'),
      },
    ]);
    expect(await client.push(delta.envelope)).toMatchObject({ status: true });
    const encodingAt = async (at: RuntimeClient): Promise<unknown> =>
      (await at.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.contents?.[0]?.encoding;
    expect(await encodingAt(pushed.client)).toBe('delta');
    expect(await encodingAt(served.client)).toBe('text');
  });

  it('that gives another content than was signed is refused', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const before = await patchPush(login, [{ resource: cart, text: 'const a = 1;' }]);
    await client.push(before.envelope);
    const delta = await patchPush(login, [
      {
        resource: cart,
        text: 'const a = 2;',
        predecessor: before.heads[0]!.digest,
        content: await deltaOf('const a = 1;', 'const a = 3;'),
      },
    ]);
    expect(await client.push(delta.envelope)).toMatchObject({
      status: false,
      error: { kind: 'bad-signature' },
    });
  });
});

describe('acknowledgements', () => {
  it.each(['a-later-kind', 'constructor'])(
    'of failure keep the words of a problem of kind %s',
    async (kind) => {
      const runtime = await stack.runtime();
      const { client, login } = await stack.sender();
      const { envelope, pushGuid, statement } = await patchPush(login, [{ resource: cart, text: '1' }]);
      await client.push(envelope);
      await runtime.client.next('apply-runtime-patch');
      const title = 'The moon was in the wrong phase.';
      const problem = {
        ...problemOf('apply-failed', { detail: 'so' }),
        title,
        kind: kind as Problem['kind'],
      };
      runtime.client.fail(pushGuid, statement, problem);
      const { recipients } = await client.until<TrackNotice>('push-msg-failed');
      expect(recipients).toMatchObject([
        { stage: 'failed', problem: { kind: 'apply-failed', title, detail: 'so' } },
      ]);
    },
  );

  it('[ACK-1] that are repeated, late, forged or of another attempt change nothing', async () => {
    const runtime = await stack.runtime();
    const stranger = await stack.runtime({ module: 'depot' });
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    await runtime.client.next('apply-runtime-patch');
    await client.until('push-msg-pushed');
    const { pushGuid, statement } = push;

    // It learns nothing of a push that is not its own: not even that there is one.
    stranger.client.acknowledge('push-msg-complete', pushGuid, statement);
    stranger.client.acknowledge('push-msg-complete', pushGuid, await digestOf('another statement'));
    stranger.client.acknowledge('push-msg-complete', crypto.randomUUID(), statement);
    const problems: Problem[] = [];
    while (problems.length < 3) problems.push(await stranger.client.next<Problem>('problem'));
    expect(problems[0]).toMatchObject({ kind: 'not-found', path: '/pushGuid' });
    expect(problems).toEqual([problems[0], problems[0], problems[0]]);
    runtime.client.acknowledge('push-msg-complete', pushGuid, statement, 2);
    runtime.client.acknowledge('push-msg-complete', pushGuid, await digestOf('another statement'));
    expect(await runtime.client.next<Problem>('problem')).toMatchObject({
      kind: 'invalid-request',
      path: '/statement',
    });
    runtime.client.socket.emit('push-ack', { pushGuid, attempt: 'one' });
    expect(await runtime.client.next<Problem>('problem')).toMatchObject({ kind: 'invalid-request' });
    client.socket.emit('push-msg-complete', { pushGuid, attempt: 1, statement, at: Date.now() });
    expect(await client.until<Problem>('problem')).toMatchObject({ kind: 'forbidden' });
    expect((await trackOf(client, pushGuid)).push.recipients).toMatchObject([{ stage: 'pushed' }]);

    runtime.client.acknowledge('push-msg-complete', pushGuid, statement);
    await client.until('push-msg-completed');
    const told = client.frames.length;
    runtime.client.acknowledge('push-msg-complete', pushGuid, statement);
    runtime.client.acknowledge('push-ack', pushGuid, statement);
    runtime.client.fail(pushGuid, statement, problemOf('apply-failed'));
    await marker(stack, runtime.client);
    const { push: after } = await trackOf(client, pushGuid);
    expect(after).toMatchObject({ outcome: 'completed', recipients: [{ stage: 'completed' }] });
    expect(names(client.frames.slice(told))).toEqual([]);
  });

  it('need a hello before them', async () => {
    const login = stack.authority.runtime();
    const client = stack.client({ token: login.token });
    await client.connected();
    client.socket.emit('push-ack', { pushGuid: crypto.randomUUID() });
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'invalid-request' });
  });

  it('that arrive together are told in one notice per stage', async () => {
    const runtimes = await Promise.all(Array.from({ length: 20 }, () => stack.runtime()));
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    const relayed = await client.next<TrackNotice>('push-msg-relayed');
    const pushed = await client.next<TrackNotice>('push-msg-pushed');
    expect(relayed.recipients).toHaveLength(20);
    expect(pushed.recipients).toHaveLength(20);
    for (const runtime of runtimes) await runtime.client.apply(push.statement);
    const last = await client.until<TrackNotice>(
      'push-msg-completed',
      ({ outcome }) => outcome === 'completed',
    );
    expect(last.commTrack).toMatchObject({ delivered: true, completed: true });
  });

  it('do not date anything after it was heard of', async () => {
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    await runtime.client.next('apply-runtime-patch');
    const { pushGuid, statement } = push;
    runtime.client.socket.emit('push-ack', { pushGuid, statement, attempt: 1, at: Date.now() + 3_600_000 });
    const { recipients } = await client.until<TrackNotice>('push-delivered');
    expect(recipients[0]?.at).toBe(clock.now());
  });
});

describe('what recipients and logs get', () => {
  it('holds neither token, nor sockets, nor secrets of request and response', async () => {
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const secret = 'hunter2-hunter2';
    const { envelope } = await patchPush(login, [{ resource: cart, text: '1' }], {
      req: {
        ctx: 'Sys',
        m: 'User',
        c: 'User',
        a: 'Login',
        dat: { f_vals: [{ data: { userName: 'ada', password: secret } }], token: login.token },
        args: { authorization: `Bearer ${login.token}` },
      },
      resp: {
        app_state: {
          success: true,
          info: null,
          sess: {
            cd_token: login.token,
            jwt: { jwtToken: login.token, checked: true, checkTime: 1, authorized: true },
            ttl: 600,
            initUuid: login.session.id,
          },
          cache: null,
        },
        data: { note: `the token is ${login.token}` },
      },
    });
    expect(await client.push(envelope)).toMatchObject({ status: true });
    const copy = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(copy.resp?.app_state.sess?.initUuid).toBe(login.session.id);
    expect(copy.req).toMatchObject({ dat: { f_vals: [{ data: { userName: 'ada' } }] } });
    for (const text of [JSON.stringify(runtime.client.frames), stack.log.lines.join('\n')]) {
      for (const kept of [login.token, secret, 'a-socket']) expect(text).not.toContain(kept);
    }
    expect(copy.pushData.pushRecepients[0]).toMatchObject({ userId: login.session.user.id, subTypeId: 1 });
  });

  it('is a certificate and a statement, byte for byte as they were signed', async () => {
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const { envelope } = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(envelope);
    const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.statement).toBe(envelope.pushData.statement);
    expect(pushData.certificate).toBe(envelope.pushData.certificate);
    expect(pushData.contents).toEqual(envelope.pushData.contents);
  });
});

describe('recipients', () => {
  it('are named by guid, group, user and selector, each once', async () => {
    const runtime = await stack.runtime({ groups: ['tills'], user: 7, labels: { floor: '2' } });
    await stack.runtime({ labels: { floor: '3' } });
    const { client, login } = await stack.sender();
    const { guid } = runtime.login.session.runtime;
    const push = await noticePush(login, 'hello', {
      targets: [
        { guid },
        { group: 'tills' },
        { user: 7 },
        { select: { module: 'shop', labels: { floor: '2' } } },
      ],
    });
    expect(await client.push(push.envelope)).toMatchObject({ status: true, recipients: [runtime.recipient] });
    expect((await runtime.client.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe('hello');
  });

  it('are not whoever only enrolled, unless they are addressed themselves', async () => {
    const present = await stack.runtime();
    const enrolled = stack.authority.runtime({ hasConnected: false });
    const { guid } = enrolled.session.runtime;
    const { client, login } = await stack.sender();
    const recipients = async (targets: readonly Target[]) => {
      const answer = await client.push((await noticePush(login, 'hello', { targets })).envelope);
      return answer.status ? answer.recipients : answer.error.kind;
    };
    expect(await recipients([shop])).toEqual([present.recipient]);
    expect(await recipients([{ guid }])).toEqual([guid]);
    const { client: joined, welcome } = await stack.join(enrolled);
    expect(await recipients([shop])).toEqual([present.recipient, welcome.recipient]);
    joined.close();
    await joined.closed;
    // From now on it is one that is away.
    await expect.poll(() => recipients([shop])).toEqual([present.recipient, guid]);
  });

  it('are all instances of a runtime that are connected', async () => {
    const runtime = await stack.runtime();
    const second = await stack.join(runtime.login, 'two');
    const { client, login } = await stack.sender();
    const push = await noticePush(login, 'hello');
    const answer = await client.push(push.envelope);
    expect(answer).toMatchObject({ recipients: [runtime.recipient, second.welcome.recipient] });
  });

  it('are listed for whom they may be reached by', async () => {
    const runtime = await stack.runtime({ name: 'till 1' });
    const absent = stack.authority.runtime({ name: 'till 2' });
    await stack.runtime({ module: 'bank' });
    const { client } = await stack.sender();
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    const listed = async (asking: typeof client, query: object) =>
      (await asking.ask<{ targets: { recipient: string; connected: boolean }[] }>('list-targets', query))
        .targets;
    await expect
      .poll(() => listed(client, {}))
      .toMatchObject([
        { recipient: runtime.recipient, name: 'till 1', connected: true, kind: 'node' },
        { recipient: absent.session.runtime.guid, name: 'till 2', connected: false },
      ]);
    expect(await listed(client, { select: { module: 'bank' } })).toEqual([]);
    expect(await listed(observer.client, {})).toHaveLength(3);
    expect(await runtime.client.ask('list-targets', {})).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });

  it('get no other developer’s push to see, who sees not theirs', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await noticePush(login, 'hello', { targets: [shop] });
    await client.push(push.envelope);
    const other = await stack.sender();
    expect(await other.client.ask('get-track', { pushGuid: push.pushGuid })).toMatchObject({
      status: false,
      error: { kind: 'not-found' },
    });
    const observer = await stack.sender({ roles: ['observer'] });
    expect(await observer.client.ask('get-track', { pushGuid: push.pushGuid })).toMatchObject({
      status: true,
    });
    expect(names(other.client.frames)).toEqual([]);
  });
});

const trackOf = (
  client: { ask<Answer>(event: string, payload: unknown): Promise<Answer> },
  pushGuid: string,
) => client.ask<Track>('get-track', { pushGuid });

/** Whatever was on its way to a runtime comes before this. */
const marker = async (
  on: Stack,
  runtime: { next<Payload>(event: string): Promise<Payload> },
): Promise<void> => {
  const { client, login } = await on.sender();
  await client.push((await noticePush(login, 'marker')).envelope);
  expect((await runtime.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe('marker');
};
