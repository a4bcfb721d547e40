import { limits } from '@cd-push/protocol';
import { cryptoPlatform } from '@cd-push/timeline';
import { beforeAll, describe, expect, test } from 'vitest';

import { Signer } from '../signer.ts';
import { welcomeOf } from '../welcome.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
beforeAll(async () => {
  signer = await Signer.create();
});

describe('heads of the audit', () => {
  test('are kept as they were signed, of each node the latest, over restarts too', async () => {
    const world = await new LineWorld(signer).start();
    const [first, other, later] = await Promise.all([
      signer.auditHead('relay-1', 5),
      signer.auditHead('relay-2', 9),
      signer.auditHead('relay-1', 7),
    ]);
    world.line.welcomed(welcomeOf({ auditHeads: [first, other] }));
    world.line.auditHeads([later]);
    world.line.auditHeads([first]);
    const kept = (): unknown => world.stored.auditHeads.toSorted((a, b) => (a.node < b.node ? -1 : 1));
    await expect.poll(kept).toMatchObject([
      { node: 'relay-1', sequence: 7, head: later.head, certificate: later.certificate },
      { node: 'relay-2', sequence: 9, head: other.head },
    ]);
    await world.start();
    world.line.auditHeads([first, await signer.auditHead('relay-3', 1)]);
    await expect.poll(() => world.stored.auditHeads).toHaveLength(3);
    expect(kept()).toMatchObject([{ sequence: 7 }, { sequence: 9 }, { node: 'relay-3' }]);
  });

  test('count if a relay of the pinned issuer signed them for this tenant, and not otherwise', async () => {
    const world = await new LineWorld(signer).start();
    const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
    const stranger = await Signer.create();
    world.line.auditHeads([
      await signer.auditHead('forged', 1, { key }),
      await signer.auditHead('foreign', 1, { tenant: 'globex' }),
      await stranger.auditHead('strange', 1),
      await signer.auditHead('true', 1),
    ]);
    await expect.poll(() => world.stored.auditHeads.map(({ node }) => node)).toEqual(['true']);
  });

  test('are no more than a relay tells at a time: of the nodes those that signed last', async () => {
    const world = await new LineWorld(signer).start();
    const now = Date.now();
    const heads = await Promise.all(
      Array.from({ length: limits.auditHeads + 1 }, (_, index) =>
        signer.auditHead(`relay-${index}`, 1, { at: now + index }),
      ),
    );
    world.line.auditHeads(heads);
    await expect.poll(() => world.stored.auditHeads).toHaveLength(limits.auditHeads);
    expect(world.stored.auditHeads.map(({ node }) => node)).not.toContain('relay-0');
  });
});
