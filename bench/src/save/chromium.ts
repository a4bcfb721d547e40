import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import packed from '@sparticuz/chromium';
import { chromium, type Browser } from 'playwright-core';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

const Manifest = Type.Object({ version: Type.String() });

/** A headless browser whose security is what users have: none of the flags that its package recommends is used. */
export const launchChromium = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: await unpackedChromium(),
    args: [
      // Neither root nor most containers can set the sandbox up; and they have little shared memory.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-pings',
      // All tabs count as seen, as the tabs of several people would be.
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
      '--disable-background-timer-throttling',
    ],
  });

/** The package carries the browser packed; it is unpacked once per version on a machine. */
const unpackedChromium = async (): Promise<string> => {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const manifest: unknown = JSON.parse(await readFile(join(dirname(entry), '../package.json'), 'utf8'));
  if (!Check(Manifest, manifest)) throw new TypeError('The browser’s package has no version.');
  const home = join(tmpdir(), `cd-push-chromium-${manifest.version}`);
  const executable = join(home, 'chromium');
  if (existsSync(executable)) return executable;
  const draft = await mkdtemp(join(tmpdir(), 'cd-push-chromium-draft-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = draft;
  try {
    await packed.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  // Of several that unpack at a time, one wins.
  await rename(draft, home).catch(() => rm(draft, { recursive: true }));
  return executable;
};
