// First of all: what is imported after it gets the functions that count.
import { countsNow } from './count-calls.ts';

import { request } from 'node:http';

import { Type } from 'typebox';

import { relayCommands } from './relay-commands.ts';
import { command, serve } from './serve.ts';

serve({
  ...relayCommands,
  counts: command(Type.Object({}), countsNow),

  /** Does once each of what a push must not cost, to show that it would be counted. */
  plant: command(Type.Object({ event: Type.String() }), ({ event }) => {
    JSON.stringify([event, {}]);
    clearTimeout(setTimeout(() => {}, 1_000));
    const asked = request('http://127.0.0.1:1/');
    asked.on('error', () => {});
    asked.destroy();
    return {};
  }),
});
