import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import packed from '@sparticuz/chromium';
import { chromium, type Browser } from 'playwright-core';

/**
 * Starts the Chromium that the package brings along, as a browser whose security is what users have: of the flags that
 * the package recommends, which switch web security off, none is used.
 */
export const launchChromium = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: await unpackedChromium(),
    args: [
      '--headless',
      '--disable-gpu',
      // The sandbox cannot be set up by root nor in most containers.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-component-update',
      '--disable-domain-reliability',
      '--no-pings',
    ],
  });

/** Unpacked once per version on a machine. Suites that run side by side each unpack for themselves, and one wins. */
const unpackedChromium = async (): Promise<string> => {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const { version } = JSON.parse(await readFile(join(dirname(entry), '../package.json'), 'utf8')) as {
    version: string;
  };
  const home = join(tmpdir(), `cd-push-chromium-${version}`);
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
  await rename(draft, home).catch(() => rm(draft, { recursive: true }));
  return executable;
};
