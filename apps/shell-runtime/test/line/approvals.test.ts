import type { ICdPushEnvelop, SignedApproval } from '@cd-push/protocol';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer } from '../signer.ts';
import { LineWorld } from './line-world.ts';

let author: Signer;
let colleague: Signer;
let third: Signer;
let world: LineWorld;
beforeAll(async () => {
  author = await Signer.create();
  [colleague, third] = await Promise.all([author.colleague('user-2'), author.colleague('user-3')]);
});
/** A runtime that was told at enrolment how many others have to approve. */
const asking = (approvals: number): Promise<LineWorld> =>
  new LineWorld(author, { approvals }).start({ '/app/a.css': 'base' });
beforeEach(async () => {
  world = await asking(1);
});

const push = (): Promise<ICdPushEnvelop> =>
  author.patch([
    {
      resource: '/app/a.css',
      type: 'style',
      version: Date.now(),
      content: 'one',
      predecessor: sha256('base'),
    },
  ]);
const withApprovals = (
  envelope: ICdPushEnvelop,
  ...approvals: readonly SignedApproval[]
): ICdPushEnvelop => ({
  ...envelope,
  pushData: { ...envelope.pushData, approvals: [...approvals] },
});

describe('[APPROVE-5] a runtime that asks for approvals counts them itself', () => {
  test('and runs nothing that a relay lets through without them', async () => {
    expect(await world.take(await push())).toEqual(['failed:approval-needed']);
    expect(world.texts.get('/app/a.css')).toBe('base');
    expect(world.problems[0]?.detail).toBe('0 of 1 other people approve.');
    expect(await world.take(await author.operation('clear', {}))).toEqual(['failed:approval-needed']);
  });

  test('with as many as it asks for it takes the push in, over every way that brings it', async () => {
    const envelope = await push();
    const approvals = [await colleague.approval(envelope), await third.approval(envelope)];
    const strict = await asking(2);
    expect(await strict.take(withApprovals(envelope, ...approvals.slice(1)))).toEqual([
      'failed:approval-needed',
    ]);
    expect(await strict.take(withApprovals(envelope, ...approvals))).toContain('completed');
    expect(strict.texts.get('/app/a.css')).toBe('one');
  });

  test('the author counts by no identity and nobody counts twice', async () => {
    const envelope = await push();
    const elsewhere = await author.colleague('user-1');
    expect(await world.take(withApprovals(envelope, await author.approval(envelope)))).toEqual([
      'failed:approval-needed',
    ]);
    expect(await world.take(withApprovals(envelope, await elsewhere.approval(envelope)))).toEqual([
      'failed:approval-needed',
    ]);
  });

  test('an approval of another push, or by nobody of its issuer, refuses it', async () => {
    const envelope = await push();
    const other = await colleague.approval(await push());
    expect(await world.take(withApprovals(envelope, other))).toEqual(['failed:bad-signature']);
    const foreign = await (await Signer.create()).colleague('user-2');
    expect(await world.take(withApprovals(envelope, await foreign.approval(envelope)))).toEqual([
      'failed:bad-certificate',
    ]);
    expect(world.texts.get('/app/a.css')).toBe('base');
  });

  test('who approved by a session that was ended does not count any more', async () => {
    const envelope = await push();
    const approvals = [await colleague.approval(envelope)];
    world.line.revoke([colleague.identity]);
    expect(await world.take(withApprovals(envelope, ...approvals))).toEqual(['failed:approval-needed']);
  });

  test('whom it is told to believe counts alone', async () => {
    const envelope = await push();
    const trust = { ...author.trust, identities: [author.identity, third.identity] };
    const strict = await new LineWorld(author, { approvals: 1, trust }).start({ '/app/a.css': 'base' });
    expect(await strict.take(withApprovals(envelope, await colleague.approval(envelope)))).toEqual([
      'failed:bad-certificate',
    ]);
    expect(await strict.take(withApprovals(envelope, await third.approval(envelope)))).toContain('completed');
  });

  test('people are told things without anybody’s approval', async () => {
    expect(await world.take(await author.notice('hello'))).toContain('notice:hello');
  });

  test('who asks for none looks at none', async () => {
    const envelope = await push();
    const easy = await asking(0);
    expect(await easy.take(withApprovals(envelope, await colleague.approval(await push())))).toContain(
      'completed',
    );
  });
});
