#!/usr/bin/env node
import { optionsFromEnvironment } from './environment.ts';
import { startRelay } from './start-relay.ts';

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
process.once('SIGINT', () => stopping.abort());

try {
  const relay = await startRelay({ ...optionsFromEnvironment(process.env), signal: stopping.signal });
  if (stopping.signal.aborted) await relay.close();
  else stopping.signal.addEventListener('abort', () => void relay.close(), { once: true });
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`cd-push-relay: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
