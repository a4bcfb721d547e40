import { isGetPushAnswer, type GetPushAnswer } from '@cd-push/protocol';
import { digestOf, signStatement, utf8, type SigningKey } from '@cd-push/timeline';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readPushed } from '../src/publisher/read-pushed.ts';
import { certified, newKey } from './support/certified-session.ts';
import { accept, patchesOf, put, SenderWorld, viewOf, type Arrived } from './support/sender-world.ts';

let world: SenderWorld;
let issuer: SigningKey;

beforeEach(async () => {
  issuer = await newKey();
  world = await SenderWorld.start(await certified(issuer));
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** What the relay tells of a push that arrived. */
const tellOf = async (one: Arrived, over: Partial<GetPushAnswer> = {}): Promise<void> => {
  const { statement, certificate, m, contents = [] } = one.envelope.pushData;
  world.kept = {
    push: await viewOf(one),
    patches: patchesOf(one),
    statement,
    certificate,
    ...(typeof m === 'string' ? { m } : {}),
    ...over,
  };
  expect(isGetPushAnswer(world.kept)).toBe(true);
  for (const content of contents) {
    if (content.encoding === 'base64') await lay(new Uint8Array(Buffer.from(content.base64, 'base64')));
    if (content.encoding !== 'text') continue;
    await lay(utf8(content.text));
    if (content.map !== undefined) await lay(utf8(content.map));
  }
};

const lay = async (bytes: Uint8Array): Promise<void> => void world.contents.set(await digestOf(bytes), bytes);

const read = ({ statement }: Arrived) => readPushed(world, statement.pushGuid);

test('what was pushed is pushed once more: the same contents, new versions upon what is in place', async () => {
  world.heads = [{ resource: '/shop/a.ts', version: 7, digest: await digestOf('before') }];
  world.publisher.push({
    ...put(''),
    silent: true,
    patches: [
      {
        change: 'put',
        resource: '/shop/a.ts',
        componentType: 'module',
        content: 'code ä',
        map: '{"version":3}',
      },
      {
        change: 'put',
        resource: '/shop/b.png',
        componentType: 'asset',
        content: new Uint8Array([0, 255, 7]),
      },
      { change: 'delete', resource: '/shop/c.html', componentType: 'template' },
    ],
  });
  const first = await world.nth(0);
  accept(first);
  await tellOf(first);
  const later = Date.now() + 30_000;
  world.heads = [{ resource: '/shop/a.ts', version: later, digest: await digestOf('after') }];
  await world.restart();
  const request = await read(first);
  expect(request).toMatchObject({ kind: 'patch', environment: 'development', silent: true });
  world.publisher.send({ ...request, targets: [{ guid: 'other' }] });
  const second = await world.nth(1);
  expect(second.statement.pushGuid).not.toBe(first.statement.pushGuid);
  expect(second.statement.targets).toEqual([{ guid: 'other' }]);
  expect(second.envelope.pushData.contents).toEqual(first.envelope.pushData.contents);
  const facts = ({ resource, change, digest, mapDigest }: (typeof heads)[number]) => ({
    resource,
    change,
    digest,
    mapDigest,
  });
  const heads = patchesOf(second);
  expect(heads.map(facts)).toEqual(patchesOf(first).map(facts));
  expect(heads[0]).toMatchObject({ version: later + 1, predecessor: await digestOf('after') });
});

test('notices and operations are said once more', async () => {
  const delivery = { environment: 'development', targets: [{ guid: 'g' }] };
  world.publisher.notify({ ...delivery, message: 'soon' });
  const notice = await world.nth(0);
  await tellOf(notice);
  expect(await read(notice)).toEqual({ kind: 'notice', ...delivery, silent: false, message: 'soon' });
  world.publisher.operate({ ...delivery, operation: 'set-theme', args: { dark: true } });
  const operation = await world.nth(1);
  await tellOf(operation);
  const request = await read(operation);
  expect(request).toMatchObject({ kind: 'operation', operation: 'set-theme', args: { dark: true } });
  world.publisher.send(request);
  expect((await world.nth(2)).envelope.pushData.m).toBe('{"dark":true}');
});

test('a rename puts its new name, and deletes the old one where it is back', async () => {
  const rename = {
    change: 'rename',
    resource: '/shop/new.html',
    from: '/shop/old.html',
    componentType: 'template',
    content: 'x',
  } as const;
  world.publisher.push({ ...put(''), patches: [rename] });
  const one = await world.nth(0);
  await tellOf(one);
  world.heads = [{ resource: '/shop/old.html', version: 9, digest: null }];
  expect(await read(one)).toMatchObject({ patches: [{ change: 'put', resource: '/shop/new.html' }] });
  world.heads = [{ resource: '/shop/old.html', version: 10, digest: await digestOf('back') }];
  expect(await read(one)).toMatchObject({
    patches: [
      { change: 'put', resource: '/shop/new.html', content: 'x' },
      { change: 'delete', resource: '/shop/old.html', componentType: 'template' },
    ],
  });
});

test('nothing is taken on the relay’s word: contents, message, statement, signer and guid have to hold', async () => {
  world.publisher.push(put('one'));
  const one = await world.nth(0);
  const refused = async (kind: string): Promise<void> =>
    expect(read(one)).rejects.toMatchObject({ problem: { kind } });

  await tellOf(one);
  world.contents.set(await digestOf('one'), utf8('two'));
  await refused('bad-signature');

  await tellOf(one);
  world.contents.clear();
  await refused('not-found');

  world.publisher.notify({
    environment: 'development',
    targets: [{ guid: 'g' }],
    message: 'soon',
  });
  const notice = await world.nth(1);
  await tellOf(notice);
  await refused('bad-signature');
  await tellOf(notice, { m: 'later' });
  await expect(read(notice)).rejects.toMatchObject({ problem: { kind: 'bad-signature' } });

  const forged = await signStatement({ ...one.statement, targets: [{ guid: 'all' }] }, await newKey());
  await tellOf(one, { statement: forged });
  await refused('bad-signature');

  const stranger = await certified(await newKey());
  await tellOf(one, { certificate: stranger.facts.certificate! });
  await refused('bad-certificate');
});

test('a message that was never signed cannot be replayed, and an unknown guid is not found', async () => {
  world.publisher.push(put('one'));
  const one = await world.nth(0);
  await expect(read(one)).rejects.toMatchObject({ problem: { kind: 'not-found' } });
  world.kept = { push: await viewOf(one), patches: [] };
  await expect(read(one)).rejects.toMatchObject({ problem: { kind: 'invalid-request' } });
});
