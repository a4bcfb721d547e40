#!/usr/bin/env node
import module from 'node:module';

// First of all, and with nothing that an older Node does not know: a sentence is better than a syntax error.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(`cd-cli needs Node 24 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

// Compiled code is kept between runs: a third of the start of the larger commands.
module.enableCompileCache();

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`Stopped by ${signal}.`)));
}

// Whoever read has left, as `| head` does: there is nobody to tell, and nothing wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stop.abort(error);
});

const { runCli } = await import('./run-cli.ts');
process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
});
