import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { JournalProgress } from '../../src/line/journal-progress.ts';
import { sha256, Signer, type PushOptions } from '../signer.ts';
import { epoch, welcomeOf } from '../welcome.ts';
import { LineWorld } from './line-world.ts';

const at = (offset: number) => ({ epoch, offset });
const envelope = (offset: number, isCatchUp = false) => ({ pushData: { offset, isCatchUp } });

describe('[EFFECT-5] the place in the journal', () => {
  test('is unknown before the first welcome, then the welcome’s where nothing follows', () => {
    const progress = new JournalProgress(null);
    expect(progress.at).toBeNull();
    progress.welcomed({ journal: at(7), catchUp: 0 });
    expect(progress.at).toEqual(at(7));
  });

  test('rises with each settled push, and reaches the welcome’s with the last of the catch-up', () => {
    const progress = new JournalProgress(at(2));
    progress.welcomed({ journal: at(20), catchUp: 2 });
    expect(progress.at).toEqual(at(2));
    expect(progress.arrived(envelope(5, true)).settled()).toEqual(at(5));
    expect(progress.arrived(envelope(9, true)).settled()).toEqual(at(20));
    expect(progress.arrived(envelope(23)).settled()).toEqual(at(23));
  });

  test('counts a push once, and only when it is settled', () => {
    const progress = new JournalProgress(null);
    progress.welcomed({ journal: at(20), catchUp: 2 });
    const arrival = progress.arrived(envelope(5, true));
    expect(progress.at).toBeNull();
    arrival.settled();
    expect(arrival.settled()).toEqual(at(5));
  });

  test('is not moved by what an earlier connection brought', () => {
    const progress = new JournalProgress(null);
    progress.welcomed({ journal: at(1), catchUp: 0 });
    const old = progress.arrived(envelope(900));
    progress.disconnected();
    const other = '00000000-0000-4000-8000-000000000000';
    progress.welcomed({ journal: { epoch: other, offset: 3 }, catchUp: 0 });
    expect(old.settled()).toEqual({ epoch: other, offset: 3 });
  });

  test.each([
    undefined,
    null,
    'text',
    {},
    { pushData: null },
    { pushData: { offset: -1 } },
    { pushData: { offset: 1.5 } },
  ])('stays where it is with %j', (value) => {
    const progress = new JournalProgress(null);
    progress.welcomed({ journal: at(7), catchUp: 0 });
    expect(progress.arrived(value).settled()).toEqual(at(7));
  });
});

describe('[EFFECT-5] of the line, the place in the journal', () => {
  let signer: Signer;
  let world: LineWorld;
  const version = Date.now();
  beforeAll(async () => {
    signer = await Signer.create();
  });
  beforeEach(async () => {
    world = await new LineWorld(signer).start({ '/app/a.css': 'base' });
  });
  const push = (text: string, offset: number, options: PushOptions = {}) =>
    signer.patch(
      [
        {
          resource: '/app/a.css',
          type: 'style',
          version: version + offset,
          content: text,
          predecessor: sha256('base'),
        },
      ],
      {
        ...options,
        tamper: ({ pushData }) => {
          pushData.offset = offset;
        },
      },
    );

  test('is kept with the state that it belongs to: applied, failed, refused, or told', async () => {
    await world.take(await push('one', 4));
    expect(world.stored.journal).toEqual(at(4));
    await world.take(await push('unfit', 5));
    expect(world.stored.journal).toEqual(at(5));
    await world.take(await push('two', 6, { statement: { environment: 'production' } }));
    expect(world.stored.journal).toEqual(at(6));
    const notice = await signer.notice('hello', { tamper: ({ pushData }) => void (pushData.offset = 8) });
    await world.take(notice);
    await expect.poll(() => world.stored.journal).toEqual(at(8));
    expect((await world.start({}, { welcomed: false })).line.journal).toEqual(at(8));
  });

  test('is the relay’s after a welcome that could not go on from it', async () => {
    await world.take(await push('one', 400));
    const other = '00000000-0000-4000-8000-000000000000';
    world.line.disconnected();
    world.line.welcomed(welcomeOf({ journal: { epoch: other, offset: 3 }, reset: 'epoch' }));
    expect(world.line.journal).toEqual({ epoch: other, offset: 3 });
    expect(world.stored.journal).toEqual({ epoch: other, offset: 3 });
  });
});
