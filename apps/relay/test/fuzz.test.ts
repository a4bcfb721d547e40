import fc from 'fast-check';
import { expect, it } from 'vitest';

import { patchPush } from './support/envelopes.ts';
import { Stack } from './support/stack.ts';

const events = [
  'dev-sync-init',
  'notify',
  'runtime-hello',
  'push-ack',
  'push-msg-complete',
  'push-msg-fail',
  'get-heads',
  'list-targets',
  'get-track',
  'get-push',
  'list-pushes',
  'observe',
  'retry-push',
  'set-policy',
  'get-policies',
  'get-audit',
  'renew-session',
  'register-client',
  'send-pub',
  'msg-received',
  'msg-completed',
  'no-such-event',
];

/** Any JSON, with the member names that the relay looks for. */
const member = fc.constantFrom(
  'pushData',
  'pushRecepients',
  'pushGuid',
  'cdObjId',
  'resourceGuid',
  'subTypeId',
  'userId',
  'triggerEvent',
  'emittEvent',
  'commTrack',
  'statement',
  'heads',
  'target',
  'select',
  'guid',
  'mode',
  'hold',
  'stages',
  'recipients',
  'prefix',
  'after',
  'epoch',
  'offset',
  'node',
  'sequence',
  'before',
  'limit',
  '__proto__',
  'constructor',
);
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(...events),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(member, tie('value')), { maxLength: 6 })
      .map((members) => Object.fromEntries(members) as unknown),
  ),
}));

it('whatever is sent is answered, and the next good message passes', async () => {
  const stack = await Stack.start({ legacy: 'on', rate: { perSecond: 1e6, burst: 1e6 } });
  const runtime = await stack.runtime();
  const grants = [{ prefix: '/', environments: ['*'] }];
  const { client, login } = await stack.sender({ roles: ['developer', 'admin'], grants });
  const { envelope } = await patchPush(login, [{ resource: '/shop/a.ts', text: '1' }]);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...events), json, fc.boolean(), async (event, payload, asText) => {
      for (const peer of [client, runtime.client]) {
        const sent = asText ? JSON.stringify(payload) : payload;
        if (event.startsWith('push-')) {
          peer.socket.emit(event, sent);
          await peer.ask('list-targets', {});
        } else {
          const answer = await peer.ask<{ status: boolean }>(event, sent);
          expect(answer.status).toBeTypeOf('boolean');
        }
      }
    }),
    { numRuns: 300 },
  );
  // Members of a good push, each replaced by anything.
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(envelope.pushData)), json, async (name, value) => {
      const answer = await client.ask<{ status: boolean }>('dev-sync-init', {
        ...envelope,
        pushData: { ...envelope.pushData, [name]: value },
      });
      expect(answer.status).toBeTypeOf('boolean');
    }),
    { numRuns: 200 },
  );
  const good = await patchPush(login, [{ resource: '/shop/good.ts', text: '1' }]);
  expect(await client.push(good.envelope)).toMatchObject({ status: true });
});
