import { randomBytes } from 'node:crypto';

import { startApi } from '@cd-push/api';
import {
  connect,
  enrol,
  listTimelines,
  login,
  makeJoinCode,
  openSync,
  Publisher,
  pullHistory,
  runtimeSession,
  type PatchInput,
  type Session,
} from '@cd-push/client';
import { silentLog, startRelay } from '@cd-push/relay';
import { cryptoPlatform, loadFrame, MemorySpace, sourceOf, walk } from '@cd-push/timeline';
import { afterAll, beforeAll, expect, test } from 'vitest';

const environment = 'development';
const owner = new AsyncDisposableStack();
const relay = { url: '' };
const api = { url: '' };
let developer: Session;

beforeAll(async () => {
  const serviceCredential = { id: 'relay', secret: secret() };
  const admin = { userName: 'admin', password: secret() };
  const grants = [
    { prefix: '/shop', environments: ['*'] },
    { prefix: '/bank', environments: ['*'] },
  ];
  const startedApi = await startApi({
    dataFile: ':memory:',
    seed: { ...admin, roles: ['admin', 'developer'], grants },
    serviceCredential,
    rateLimits: { requestsPerAddress: 1_000_000 },
    logLevel: 'error',
  });
  owner.defer(() => startedApi.close());
  const startedRelay = await startRelay({
    apiUrl: startedApi.url,
    serviceCredential,
    port: 0,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  owner.defer(() => startedRelay.close());
  api.url = startedApi.url;
  relay.url = startedRelay.url;
  developer = await login({ apiUrl: api.url, ...admin });
});
afterAll(() => owner.disposeAsync());

const secret = (): string => randomBytes(24).toString('base64url');

const runtimeOf = async (module: string) => {
  const { code: joinCode } = await makeJoinCode(developer, { module, environment });
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  return runtimeSession(await enrol({ apiUrl: api.url, joinCode, key }), key);
};

const config = (resource: string, content: string): PatchInput => ({
  change: 'put',
  resource,
  componentType: 'config',
  content,
});

const pushAll = async (module: string, ...patches: readonly PatchInput[]): Promise<void> => {
  const connection = connect({ relayUrl: relay.url, session: developer });
  const publisher = new Publisher({ connection, session: developer });
  try {
    for (const patch of patches) {
      const push = publisher.push({
        environment,
        targets: [{ select: { module } }],
        patches: [patch],
      });
      expect(await push.accepted).toMatchObject({ status: true });
    }
  } finally {
    publisher.close();
    connection.close();
  }
};

test('[SYNC-29] a runtime pulls the whole history of what it runs into a space of its own, and then what was added', async () => {
  const session = await runtimeOf('shop');
  await connected(session);
  await pushAll(
    'shop',
    config('/shop/a.json', '{"v":1}'),
    config('/shop/a.json', '{"v":2}'),
    config('/shop/b.json', '{"v":1}'),
  );
  const other = await runtimeOf('bank');
  await connected(other);
  await pushAll('bank', config('/bank/vault.json', '{"secret":1}'));

  const space = new MemorySpace();
  const pulled = await pullHistory({ relayUrl: relay.url, session, space });
  expect(pulled.files).toMatchObject([
    { resource: '/shop/a.json', outcome: 'pulled' },
    { resource: '/shop/b.json', outcome: 'pulled' },
  ]);
  const texts: string[] = [];
  for await (const { frame } of walk(space, [pulled.files[0]!.tip!])) {
    const source = sourceOf(frame);
    if (source !== undefined) texts.push(new TextDecoder().decode(space.get(source)));
  }
  expect(texts).toEqual(['{"v":2}', '{"v":1}']);

  expect((await pullHistory({ relayUrl: relay.url, session, space })).received.objects).toBe(0);
  await pushAll('shop', config('/shop/b.json', '{"of":"b"}'));
  const later = await pullHistory({ relayUrl: relay.url, session, space });
  // The frame, and the file as it was saved.
  expect(later.received.objects).toBe(2);
  expect((await loadFrame(space, later.files[1]!.tip!)).height).toBe(2);
});

test('[SYNC-26] by name as well nothing else is there for it', async () => {
  const [shop, bank] = [await runtimeOf('shop'), await runtimeOf('bank')];
  const vault = await pullHistory({ relayUrl: relay.url, session: bank, space: new MemorySpace() });
  expect(vault.files).toHaveLength(1);
  const connection = connect({ relayUrl: relay.url, session: shop });
  try {
    await connection.opened();
    const space = new MemorySpace();
    const sync = await openSync(connection, { space, runtime: shop });
    const { timeline } = vault.files[0]!;
    const { timelines, received } = await sync.sync({ timelines: [timeline] }).done;
    expect([timelines, received.objects]).toMatchObject([[{ timeline, tip: undefined }], 0]);
    const listed: string[] = [];
    for await (const page of listTimelines(connection)) listed.push(...page.map(({ resource }) => resource));
    expect(listed).toEqual(['/shop/a.json', '/shop/b.json']);
    sync.disconnect();
    expect(connection.status.state).toBe('open');
  } finally {
    connection.close();
  }
});

/** Selectors name runtimes that have connected at least once. */
const connected = async (session: Awaited<ReturnType<typeof runtimeOf>>): Promise<void> => {
  const connection = connect({ relayUrl: relay.url, session });
  await connection.opened();
  connection.close();
};
