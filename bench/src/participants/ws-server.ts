import { createServer } from 'node:http';

import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { WebSocketServer, type WebSocket } from 'ws';

import { CarriedSchema } from '../carriers/carrier.ts';
import { senderPath, textOf } from '../carriers/ws.ts';
import { listenLocally } from './listen-locally.ts';
import { command, serve } from './serve.ts';
import { accepting, AnchorKeysSchema } from './signing.ts';
import { usage } from './usage.ts';

/**
 * `ws` as one would use it: what the sender sends is encoded once and written to everybody else, and when each has answered
 * the sender hears how many they were. Where it is signed, the server does the relay's part.
 */
serve({
  ...usage,
  start: command(
    Type.Object({ keys: AnchorKeysSchema, acceptance: Type.String() }),
    async ({ keys, acceptance }) => {
      const accept = accepting(keys, acceptance);
      const http = createServer();
      const receivers = new Set<WebSocket>();
      let sender: WebSocket | undefined;
      let answered = 0;

      const fanOut = (text: string): void => {
        const carried: unknown = JSON.parse(text);
        if (!Check(CarriedSchema, carried)) throw new TypeError('This is nothing to be carried.');
        const { signed, envelope } = carried;
        const encoded = JSON.stringify({ signed, envelope: signed ? accept(envelope) : envelope });
        answered = 0;
        for (const receiver of receivers) receiver.send(encoded);
      };
      const heard = (): void => {
        answered += 1;
        if (answered === receivers.size) sender?.send(String(answered));
      };

      const server = new WebSocketServer({ server: http, perMessageDeflate: false });
      server.on('connection', (socket, { url }) => {
        if (url === senderPath) {
          sender = socket;
          socket.on('message', (data) => fanOut(textOf(data)));
        } else {
          receivers.add(socket);
          socket.on('message', heard);
        }
      });
      return { url: `ws://127.0.0.1:${await listenLocally(http)}` };
    },
  ),
});
