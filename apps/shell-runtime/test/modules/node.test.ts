import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { mapStack } from '../../src/modules/map-stack.ts';
import type { ModuleSource } from '../../src/modules/module-format.ts';
import { createNodeEvaluator, type NodeEvaluator } from '../../src/modules/node-evaluator.ts';
import { nodeHealth } from '../../src/modules/node-health.ts';
import { LiveModules } from '../../src/modules/swap.ts';
import { contentOf } from './content.ts';

let dir: string;
let evaluator: NodeEvaluator;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cd-push-node-'));
  evaluator = createNodeEvaluator({ dir: join(dir, 'contents'), projectDir: '/srv/shop' });
});
afterEach(() => rmSync(dir, { recursive: true }));

const source = (name: string, text: string): ModuleSource & { op: 'put' } => ({
  op: 'put',
  resource: `/shop/${name}`,
  ...contentOf(`/shop/${name}`, text),
});

const started = async (...files: ModuleSource[]): Promise<LiveModules> => {
  const modules = new LiveModules({
    evaluator,
    health: nodeHealth,
    find: (resource) => files.find((file) => file.resource === resource),
    foreign: () => Promise.reject(new Error('only code here')),
    external: (specifier) => import(specifier),
    send: () => undefined,
  });
  await modules.start('/shop/main.ts');
  return modules;
};

describe('modules in Node', () => {
  test('load from files named by their digest, import packages natively and know where they are from', async () => {
    const main = source(
      'main.ts',
      `import { sep } from 'node:path'; export const here = [import.meta.url, (import.meta as any).filename, sep];`,
    );
    const loaded = await evaluator.load(main);
    expect(loaded.imports).toEqual({ 'node:path': 'node:path' });
    expect(readdirSync(join(dir, 'contents')).toSorted()).toEqual([
      `${main.digest}.mjs`,
      `${main.digest}.mjs.map`,
    ]);
    expect(evaluator.meta('/shop/src/a b.ts')).toEqual({
      url: pathToFileURL('/srv/shop/src/a b.ts').href,
      filename: '/srv/shop/src/a b.ts',
      dirname: '/srv/shop/src',
    });
    expect(loaded.retainedBytes).toBe(main.content!.length);
    expect((await evaluator.load(main)).retainedBytes).toBe(0);
    await expect(started(main)).resolves.toBeInstanceOf(LiveModules);
  });

  test('are swapped, and a failing one is restored with a stack that leads to its source', async () => {
    const modules = await started(
      source('main.ts', `import './service.ts';`),
      source('service.ts', `globalThis.answer = 'one'; import.meta.hot!.accept();`),
    );
    expect(
      await modules.swap([source('service.ts', `globalThis.answer = 'two'; import.meta.hot!.accept();`)]),
    ).toMatchObject({
      status: 'applied',
    });
    expect(Reflect.get(globalThis, 'answer')).toBe('two');
    const broken = source(
      'service.ts',
      `globalThis.answer = 'three';\nconst fail = () => {\n  throw new Error('no service');\n};\nfail();`,
    );
    const result = await modules.swap([broken]);
    expect(result).toMatchObject({ status: 'failed', at: 'evaluate', restored: true });
    expect(Reflect.get(globalThis, 'answer')).toBe('two');
    const mapped = result.status === 'failed' ? await mapStack(result.stack, evaluator.mapOf) : '';
    expect(mapped).toMatch(/at fail \(\/shop\/service\.ts:3:\d+\)\n.*\/shop\/service\.ts:5:\d+/u);
  });

  test('leave frames of other code and of unknown versions as they are', async () => {
    const stack = `Error: x\n    at a (/_cd/sha256-${'x'.repeat(43)}.js:1:2)\n    at b (node:internal/x:3:4)`;
    expect(await mapStack(stack, evaluator.mapOf)).toBe(stack);
    expect(await mapStack('Error: y', () => Promise.reject(new Error('never asked')))).toBe('Error: y');
  });
});
