import { createClient } from 'redis';

import { Answers, type Carrier } from './carrier.ts';

const deliveries = 'deliver';
const answersChannel = 'answers';

/** In version 3 of its protocol a connection that subscribes may publish as well. */
const connected = async (url: string) => {
  const client = createClient({ url, RESP: 3, socket: { reconnectStrategy: false } });
  client.on('error', (error: unknown) => {
    throw error;
  });
  await client.connect();
  return client;
};

/** Redis' publish and subscribe, in both directions. */
export const redis: Carrier = {
  receiver: async (url, take) => {
    const client = await connected(url);
    await client.subscribe(deliveries, (text) => {
      take(text);
      void client.publish(answersChannel, '');
    });
  },

  sender: async (url) => {
    const client = await connected(url);
    const answers = new Answers();
    await client.subscribe(answersChannel, () => answers.came());
    return async (text, count) => {
      const answered = answers.expect(count);
      await client.publish(deliveries, text);
      await answered;
    };
  },
};
