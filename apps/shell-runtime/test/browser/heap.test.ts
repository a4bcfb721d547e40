import { expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();
const swaps = 60;

test('each swap of a module keeps at most three times its source', async () => {
  const { world } = suite;
  world.deploy({ 'main.ts': `import './big.ts';`, 'big.ts': `import.meta.hot!.accept();` });
  await world.open();
  const filler = Array.from({ length: 500 }, (_, n) => `export const f${n} = (x: number) => x + ${n};`).join(
    '\n',
  );
  const source = (n: number): string => `${filler}\nexport const n = ${n}; import.meta.hot!.accept();`;
  const session = await suite.context.newCDPSession(world.page);
  const used = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize;
  };
  const push = async (n: number): Promise<number> => {
    const [change] = world.changes({ 'big.ts': source(n) });
    expect(stages(await world.send(await suite.signer.patch([change!])))).toEqual(['delivered', 'completed']);
    return String(change!.content).length;
  };
  // What is made once, such as compiled checks, is not what a swap costs.
  for (let n = 0; n < 10; n += 1) await push(n);
  const before = await used();
  let bytes = 0;
  for (let n = 10; n < 10 + swaps; n += 1) bytes += await push(n);
  expect((await used()) - before).toBeLessThan(3 * bytes);
});
