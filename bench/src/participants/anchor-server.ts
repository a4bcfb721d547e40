import { createServer } from 'node:http';

import { Server } from 'socket.io';
import { Type } from 'typebox';

import { listenLocally } from './listen-locally.ts';
import { command, serve } from './serve.ts';
import { accepting, AnchorKeysSchema, asEnvelope, receiving, type AnchorEnvelope } from './signing.ts';
import { usage } from './usage.ts';

const room = 'receivers';
const answerWithinMs = 60_000;

type Answer = (value: object) => void;

/**
 * Socket.IO as one would use it: an event with an acknowledgement, answered here (`ack`), by one receiver (`forward`) or by
 * all of them (`fan-out`). The `-signed` ones do as many signatures and verifications as the path that they are held
 * against: the server verifies the statement and signs an acceptance, and whoever receives verifies both; where there is
 * no receiver but the server, it does the receiver's part as well.
 */
serve({
  ...usage,
  start: command(
    Type.Object({ keys: AnchorKeysSchema, acceptance: Type.String() }),
    async ({ keys, acceptance }) => {
      const accept = accepting(keys, acceptance);
      const receive = receiving(keys);

      const http = createServer();
      // As the relay has it: nothing is compressed; clients speak WebSocket from the start.
      const io = new Server(http, {
        perMessageDeflate: false,
        serveClient: false,
        maxHttpBufferSize: 16 * 1024 * 1024,
      });
      const fanOut = async (event: string, envelope: AnchorEnvelope): Promise<object> => {
        const answers: unknown = await io.to(room).timeout(answerWithinMs).emitWithAck(event, envelope);
        return { status: true, answers: Array.isArray(answers) ? answers.length : 0 };
      };
      const forward = async (event: string, envelope: AnchorEnvelope): Promise<object> => {
        const [first] = io.of('/').adapter.rooms.get(room) ?? [];
        const receiver = first === undefined ? undefined : io.of('/').sockets.get(first);
        await receiver?.timeout(answerWithinMs).emitWithAck(event, envelope);
        return { status: receiver !== undefined };
      };

      io.on('connection', (socket) => {
        if (socket.handshake.auth.kind === 'receiver') void socket.join(room);
        const on = (event: string, take: (envelope: AnchorEnvelope) => object | Promise<object>): void => {
          socket.on(event, (envelope: unknown, answer: Answer) => {
            void Promise.resolve(take(asEnvelope(envelope))).then(answer);
          });
        };
        // Answered in the same turn, as nothing has to be waited for.
        socket.on('ack', (_envelope: unknown, answer: Answer) => answer({ status: true }));
        socket.on('ack-signed', (envelope: unknown, answer: Answer) => {
          receive(accept(asEnvelope(envelope)));
          answer({ status: true });
        });
        on('forward', (envelope) => forward('deliver', envelope));
        on('forward-signed', (envelope) => forward('deliver-signed', accept(envelope)));
        on('fan-out', (envelope) => fanOut('deliver', envelope));
        on('fan-out-signed', (envelope) => fanOut('deliver-signed', accept(envelope)));
      });
      return { url: `http://127.0.0.1:${await listenLocally(http)}` };
    },
  ),
});
