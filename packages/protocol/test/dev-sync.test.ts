import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  freshCommTrack,
  fromDevSync,
  isDevSyncEnvelop,
  parseEnvelope,
  toDevSync,
  type ICdPushEnvelop,
  type ICommConversationSub,
} from '../src/index.ts';

const folder = new URL('../fixtures/valid/', import.meta.url);
const samples = readdirSync(folder).map((file): [string, ICdPushEnvelop] => {
  const parsed = parseEnvelope(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
  if (!parsed.ok) throw new Error(`${file} should parse`);
  return [file, parsed.value];
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const selector = fc
  .record(
    { module: name, environment: name, labels: fc.dictionary(name, fc.string({ maxLength: 10 })) },
    { requiredKeys: [] },
  )
  .filter((value) => Object.keys(value).length > 0);
const entry: fc.Arbitrary<ICommConversationSub> = fc.record(
  {
    userId: fc.nat(),
    subTypeId: fc.integer({ min: 1, max: 9 }),
    cdObjId: fc.oneof(fc.constant(null), fc.record({ resourceGuid: fc.uuid() })),
    groupId: fc.oneof(fc.constant(null), name),
    syncTarget: selector,
  },
  { requiredKeys: ['userId', 'subTypeId'] },
);
const envelope: fc.Arbitrary<ICdPushEnvelop> = fc.record({
  pushData: fc.record(
    {
      pushGuid: fc.uuid(),
      pushRecepients: fc.array(entry, { maxLength: 4 }),
      triggerEvent: name,
      emittEvent: name,
      commTrack: fc.nat().map(freshCommTrack),
      isSilentSync: fc.oneof(fc.boolean(), fc.constant(null)),
      isNotification: fc.oneof(fc.boolean(), fc.constant(null)),
      m: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ['pushGuid', 'pushRecepients', 'triggerEvent', 'emittEvent', 'commTrack'] },
  ),
  req: fc.constant(null),
  resp: fc.constant(null),
});

describe('[WIRE-3] the two spellings of an envelope convert into each other without loss', () => {
  it.each(samples)('%s', (_file, sample) => {
    expect(fromDevSync(toDevSync(sample))).toEqual(sample);
    expect(isDevSyncEnvelop(toDevSync(sample))).toBe(true);
  });

  it('any envelope', () => {
    fc.assert(
      fc.property(envelope, (any) => {
        expect(fromDevSync(toDevSync(any))).toEqual(any);
      }),
    );
  });

  it('the five names change and nothing else', () => {
    const [, sample] = samples.find(([file]) => file === 'patch-to-selector.json') ?? [];
    expect(sample).toBeDefined();
    if (sample === undefined) return;
    const { syncData } = toDevSync(sample);
    expect(syncData).toMatchObject({
      syncTrigger: 'file-save',
      syncEmitEvent: 'apply-runtime-patch',
      syncTargets: [
        { module: 'hello-shell', environment: 'development', subscription: { userId: 0, subTypeId: 7 } },
      ],
      syncTrack: sample.pushData.commTrack,
      isSilentSync: false,
      isNotification: false,
    });
  });
});
