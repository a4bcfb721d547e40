import { expect, it } from 'vitest';

import { Installed } from '../src/push/installed.ts';

const bytes = 1_024;
const preloaded = (name: string): string[] => [
  '--import',
  new URL(`support/${name}.ts`, import.meta.url).href,
];

it('proves each process of recipients, and counts what each verifies', async () => {
  await using installed = await Installed.start();
  await installed.join(3);
  await installed.prove(bytes, 3);
  await expect(installed.sequence({ bytes, count: 2, recipients: 3 })).resolves.toHaveLength(2);
});

it('ends a run whose recipients believe every signature', async () => {
  await using installed = await Installed.start({ recipientFlags: preloaded('believes-all') });
  await installed.join(1);
  await expect(installed.prove(bytes, 1)).rejects.toThrow('skips a check');
});

it('ends a run whose recipients verify one of two pushes alone', async () => {
  await using installed = await Installed.start({ recipientFlags: preloaded('verifies-half') });
  await installed.join(2);
  await expect(installed.sequence({ bytes, count: 4, recipients: 2 })).rejects.toThrow('skips a check');
});
