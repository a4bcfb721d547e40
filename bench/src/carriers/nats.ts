import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';

import { Answers, type Carrier } from './carrier.ts';

const subject = 'deliver';

const connected = (url: string): Promise<NatsConnection> =>
  connect({ servers: url.replace('nats://', ''), reconnect: false });

/** NATS' publish and subscribe with an inbox for answers. */
export const nats: Carrier = {
  receiver: async (url, take) => {
    const connection = await connected(url);
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) throw error;
        take(message.string());
        message.respond();
      },
    });
    await connection.flush();
  },

  sender: async (url) => {
    const connection = await connected(url);
    const answers = new Answers();
    const inbox = createInbox();
    connection.subscribe(inbox, { callback: () => answers.came() });
    await connection.flush();
    return (text, count) => {
      const answered = answers.expect(count);
      connection.publish(subject, text, { reply: inbox });
      return answered;
    };
  },
};
