import type { PatchHead } from '@cd-push/protocol';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
let stranger: Signer;
let world: LineWorld;
beforeAll(async () => {
  [signer, stranger] = await Promise.all([Signer.create(), Signer.create()]);
});
beforeEach(async () => {
  world = await new LineWorld(signer).start({ '/app/a.css': 'base' });
});

const version = Date.now();
const change: FileChange = {
  resource: '/app/a.css',
  type: 'style',
  version,
  content: 'one',
  predecessor: sha256('base'),
};
const push = (options: PushOptions = {}) => signer.patch([change], options);
const believing = (identities: readonly string[]): Promise<LineWorld> =>
  new LineWorld(signer, { trust: { ...signer.trust, identities } }).start({ '/app/a.css': 'base' });

describe('[KEYSTONE-5] whose signatures a runtime goes by', () => {
  test('an issuer alone makes up nobody: the identity itself has claimed the session, its key and its end', async () => {
    for (const certificate of [
      { identity: stranger.identity },
      { session: stranger.session },
      { cnf: { jwk: stranger.publicKey } },
      { notAfter: Number.MAX_SAFE_INTEGER },
      { verbs: ['push' as const, 'manage' as const] },
    ])
      expect(await world.take(await push({ certificate }))).toEqual(['failed:bad-certificate']);
    expect(await world.take(await push())).toContain('completed');
  });

  test('what was seen of an identity is kept, for later lives as well', async () => {
    await world.take(await push());
    expect(world.stored.identities).toMatchObject([{ identity: signer.identity, isRevoked: false }]);
    await world.start();
    expect(world.state.identity(signer.identity)).toMatchObject({ identity: signer.identity });
  });

  test('where it was told whom to believe, nobody else’s push runs, whatever the issuer certifies', async () => {
    const strict = await believing([stranger.identity]);
    expect(await strict.take(await push())).toEqual(['failed:bad-certificate']);
    expect(strict.texts.get('/app/a.css')).toBe('base');
    const fitting = await believing([stranger.identity, signer.identity]);
    expect(await fitting.take(await push())).toContain('completed');
  });
});

describe('[KEYSTONE-3] an identity that was ended', () => {
  test('is refused from then on, by every session and over restarts', async () => {
    world.line.revoke([signer.identity]);
    expect(await world.take(await push())).toEqual(['failed:session-revoked']);
    await world.start();
    expect(await world.take(await push())).toEqual(['failed:session-revoked']);
  });

  test('has nothing of what it signed loaded at the next start', async () => {
    await world.take(await push());
    expect(world.state.kept('/app/a.css')).toMatchObject({ identity: signer.identity });
    world.line.revoke([signer.identity]);
    expect(world.state.isRevoked(world.state.kept('/app/a.css')!)).toBe(true);
  });
});

describe('[KEYSTONE-6] a statement needs the verb for what it does', () => {
  const restoring: PatchHead = {
    resource: '/app/a.css',
    componentType: 'style',
    version,
    predecessor: sha256('base'),
    change: 'put',
    digest: sha256('one'),
    bytes: 3,
    restores: 1,
  };

  test('to push', async () => {
    const certificate = { verbs: ['rollback' as const] };
    expect(await world.take(await push({ certificate }))).toEqual(['failed:forbidden']);
    expect(await world.take(await signer.notice('psst', { certificate }))).toEqual(['failed:forbidden']);
  });

  test('to bring back what was in place before', async () => {
    const statement = { patches: [restoring] };
    const certificate = { verbs: ['push' as const] };
    expect(await world.take(await push({ statement, certificate }))).toEqual(['failed:forbidden']);
    expect(await world.take(await push({ statement, certificate: { verbs: ['rollback'] } }))).toContain(
      'completed',
    );
  });
});
