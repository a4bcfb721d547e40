import {
  branded,
  epochMs,
  freshCommTrack,
  limits,
  type Digest,
  type ICdPushEnvelop,
  type PatchHead,
  type RecipientId,
} from '@cd-push/protocol';
import type { HistoryStep, StoredPush } from '@cd-push/store';
import { expect, it } from 'vitest';

import { TrackedPush } from '../src/journal/tracked-push.ts';
import { lengthOf, readParcel } from '../src/line/parcels.ts';
import { skippedFor } from '../src/line/skipped.ts';

const resource = '/shop/src/cart.ts';
const digest = branded<Digest>('d');
/** More than half of an envelope. */
const text = 'x'.repeat(limits.envelopeBytes * 0.6);

const pushOf = (patch: Partial<PatchHead>): TrackedPush => {
  const recipient = branded<RecipientId>('runtime');
  const patches = [
    { resource, version: 1_000, predecessor: 'p', digest, bytes: text.length, ...patch },
  ] as PatchHead[];
  const times = { initialized: epochMs(1), relayed: epochMs(1) };
  const stored: StoredPush = {
    offset: 1,
    tracks: new Map([[recipient, { attempt: 1, state: { stage: 'relayed', times } }]]),
    facts: {
      tenant: 'acme',
      pushGuid: 'push',
      digest: '',
      carries: 'patch',
      trigger: 'dev-sync-init',
      emits: 'apply-runtime-patch',
      environment: 'development',
      sender: { subject: 'user-1', session: 'session-1' },
      initTime: epochMs(1),
      acceptedAt: epochMs(1),
      deliverBy: epochMs(1),
      signed: { statement: 's', certificate: 'c', session: 'session-1', patches },
      recipients: [recipient],
    },
  };
  return new TrackedPush(stored);
};

it('[CONTENT-4] signed statements that were skipped and contents fit one envelope together: what does not is fetched', async () => {
  const steps = Array.from({ length: 100 }, (_, index): HistoryStep => ({
    version: index + 2,
    digest: `${index}`,
    predecessor: `${index - 1}`,
    offset: index,
    session: 'session-1',
    statement: `${index}`.padEnd(100_000, 's'),
    certificate: 'c',
  }));
  const envelope: ICdPushEnvelop = {
    pushData: {
      pushGuid: 'push',
      m: '',
      pushRecepients: [],
      triggerEvent: 't',
      emittEvent: 'e',
      commTrack: freshCommTrack(1),
    },
    req: null,
    resp: null,
  };
  const store = {
    steps: () => Promise.resolve(steps),
    envelope: () => Promise.resolve(envelope),
    content: () => Promise.resolve(text),
  };
  const push = pushOf({});
  const skipped = await skippedFor(push, new Map([[resource, { version: 1, digest: 'h' }]]), store);
  expect(skipped.length).toBeGreaterThan(30);
  expect(skipped.at(-1)).toEqual({ statement: steps.at(-1)?.statement, certificate: 'c' });
  expect((await readParcel(push, store)).contents).toEqual([{ encoding: 'text', text }]);
  const { contents } = await readParcel(push, store, lengthOf(skipped));
  expect(contents).toEqual([{ encoding: 'stored' }]);
  expect(lengthOf({ ...envelope, skipped, contents })).toBeLessThanOrEqual(limits.envelopeBytes);
});
