import { once } from 'node:events';

import { WebSocket, type RawData } from 'ws';

import { Answers, type Carrier } from './carrier.ts';

/** Name under which the sender connects; all others receive. */
export const senderPath = '/sender';

/** A message as text; `ws` gives it as one buffer unless it is told otherwise. */
export const textOf = (data: RawData): string => {
  if (!Buffer.isBuffer(data)) throw new TypeError('A buffer was expected.');
  return data.toString();
};

const open = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
};

/** A WebSocket each and no more; the server in between is in participants/ws-server.ts and counts the answers. */
export const ws: Carrier = {
  receiver: async (url, take) => {
    const socket = await open(url);
    socket.on('message', (data) => {
      take(textOf(data));
      socket.send('');
    });
  },

  sender: async (url) => {
    const socket = await open(`${url}${senderPath}`);
    const answers = new Answers();
    let expected = 0;
    socket.on('message', (data) => {
      const answered = Number(textOf(data));
      if (answered !== expected) throw new Error(`${answered} of ${expected} have answered.`);
      answers.came();
    });
    return (text, count) => {
      expected = count;
      const answered = answers.expect(1);
      socket.send(text);
      return answered;
    };
  },
};
