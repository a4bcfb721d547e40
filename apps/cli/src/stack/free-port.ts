import { once } from 'node:events';
import { createServer } from 'node:net';

/** The port that is wished for if nobody has it, else one that is free. */
export const freePort = async (wished: number, host = '127.0.0.1'): Promise<number> =>
  (await portAt(wished, host)) ?? (await portAt(0, host)) ?? 0;

const portAt = async (port: number, host: string): Promise<number | undefined> => {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
};
