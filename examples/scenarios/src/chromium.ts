import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { chromium, type Browser } from 'playwright-core';

const example = join(import.meta.dirname, '..');

/** The browser that its package brings along, with the security that users have. */
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
    ],
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });

/** The package carries the browser packed; it is unpacked once, next to it. Of several that unpack at a time, one wins. */
const unpackedChromium = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(
    await readFile(join(example, 'node_modules/@sparticuz/chromium/package.json'), 'utf8'),
  );
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  const cache = join(example, 'node_modules/.cache');
  const home = join(cache, `chromium-${String(version)}`);
  const executable = join(home, 'chromium');
  if (existsSync(executable)) return executable;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'chromium-draft-'));
  try {
    // The package unpacks to the folder for temporary files, wherever that is said to be.
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', unpack], {
      cwd: example,
      env: { ...process.env, TMPDIR: draft },
    });
    await rename(draft, home).catch((error: unknown) => {
      if (!existsSync(executable)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return executable;
};

const unpack = `import chromium from '@sparticuz/chromium'; await chromium.executablePath();`;
