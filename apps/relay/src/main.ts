#!/usr/bin/env node
import { optionsFromEnvironment } from './environment.ts';
import { reasonOf } from './read-environment.ts';
import { startRelay, type Relay } from './start-relay.ts';

/** Far longer than a relay takes to finish what it has taken; past it there is nothing to wait for. */
const stopWithinMs = 20_000;

const stopping = new AbortController();
const stop = (): void => stopping.abort();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
stopping.signal.addEventListener('abort', () => {
  setTimeout(() => process.exit(1), stopWithinMs).unref();
});

/** Ends with 0 where everything that was taken is finished. */
const end = async (relay: Relay): Promise<void> => {
  await relay.close();
  if (relay.wasCutOff) process.exitCode = 1;
};

try {
  const relay = await startRelay({ ...optionsFromEnvironment(process.env), signal: stopping.signal });
  if (stopping.signal.aborted) await end(relay);
  else stopping.signal.addEventListener('abort', () => void end(relay), { once: true });
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`cd-push-relay: ${reasonOf(error)}\n`);
    process.exitCode = 1;
  }
}
