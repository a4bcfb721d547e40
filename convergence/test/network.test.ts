import { storedBlob } from '@cd-push/timeline';
import { expect, test } from 'vitest';

import { Draw } from '../src/draw/draw.ts';
import type { Bundle } from '../src/network/message.ts';
import { Network } from '../src/network/network.ts';

const objects = [await storedBlob('one'), await storedBlob('two')];
const bundle = (to: string): Bundle => ({ kind: 'bundle', from: 'a', to, tips: [], objects });

test('a network reorders, loses, repeats and damages, and invents nothing', () => {
  const draw = new Draw(1);
  const arrived: string[] = [];
  const found = { lost: 0, damaged: 0 };
  for (let round = 0; round < 400; round += 1) {
    const network = new Network();
    for (const to of ['1', '2', '3']) network.post(bundle(to));
    while (network.size > 0) {
      const delivery = network.deliver(draw);
      if (delivery.outcome === 'lost') found.lost += 1;
      if (delivery.outcome !== 'arrives' || delivery.message.kind !== 'bundle') continue;
      arrived.push(delivery.message.to);
      const isSame = delivery.message.objects.every(({ bytes }, index) =>
        bytes.every((byte, at) => byte === objects[index]?.bytes[at]),
      );
      expect(isSame).toBe(!delivery.isDamaged);
      if (delivery.isDamaged) found.damaged += 1;
    }
  }
  expect(found.lost).toBeGreaterThan(50);
  expect(found.damaged).toBeGreaterThan(5);
  const repeats = arrived.filter((to, index) => arrived[index - 1] === to);
  const swaps = arrived.filter((to, index) => (arrived[index - 1] ?? '0') > to);
  expect(repeats.length).toBeGreaterThan(20);
  expect(swaps.length).toBeGreaterThan(100);
});

test('a connection that is cut takes with it what is on its way to and from one', () => {
  const network = new Network();
  network.post(bundle('b'));
  network.post({ ...bundle('c'), from: 'b' });
  network.post(bundle('c'));
  network.cut('b');
  expect(network.size).toBe(1);
});
