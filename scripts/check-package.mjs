// Packs the package in the current folder as it would be published, and checks the tarball: that its
// entry points lead to files (publint), that its types are found as its code is (attw, ESM only), and
// that no workspace-only version was left in its manifest. Says nothing unless something is wrong.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'cd-push-pack-'));
try {
  const packed = run('pnpm', ['pack', '--json', '--pack-destination', folder]);
  const tarball = join(folder, basename(JSON.parse(packed).filename));
  run('publint', ['run', tarball, '--strict']);
  run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color']);
  const manifest = run('tar', ['-xzOf', tarball, 'package/package.json']);
  const leftOver = manifest.match(/"(workspace|catalog):[^"]*"/);
  if (leftOver) throw new Error(`package.json in the tarball still says ${leftOver[0]}`);
} catch (error) {
  console.error(
    `${error.stdout ?? ''}${error.stderr ?? ''}${error.stdout === undefined ? error.message : ''}`,
  );
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
