import { describe, expect, onTestFinished, test } from 'vitest';

import { ClientFrames, isAcknowledgement, isPush } from '../src/network/frames.ts';
import { Link } from '../src/network/link.ts';
import { collect, dial, listen } from './support/sockets.ts';

const patience = { timeout: 30_000 };

const linked = async () => {
  const server = await listen();
  const link = await Link.open('one>two', () => [{ host: '127.0.0.1', port: server.port }]);
  onTestFinished(() => link.close());
  const client = await dial(link.port);
  await expect.poll(() => server.sockets.length, patience).toBe(1);
  const peer = { socket: server.sockets[0]!, heard: collect(server.sockets[0]!) };
  return { server, link, client, peer };
};

describe('a link', () => {
  test('passes everything on, and the end of a connection', async () => {
    const { client, peer } = await linked();
    client.socket.write('ping');
    await expect.poll(() => peer.heard.text, patience).toBe('ping');
    peer.socket.write('pong');
    await expect.poll(() => client.heard.text, patience).toBe('pong');
    peer.socket.end();
    client.socket.end();
    await client.closed;
  });

  test('lets nothing through in a direction that is stalled; afterwards what waited arrives in its order', async () => {
    const { link, client, peer } = await linked();
    link.trouble({ stalled: new Set(['up']) });
    client.socket.write('one ');
    peer.socket.write('down');
    await expect.poll(() => client.heard.text, patience).toBe('down');
    expect(peer.heard.text).toBe('');
    client.socket.write('two ');
    link.heal();
    await expect.poll(() => peer.heard.text, patience).toBe('one two ');
  });

  test('does not answer who connects during a partition, until it is over', async () => {
    const { server, link } = await linked();
    link.trouble({ stalled: new Set(['up', 'down']) });
    const late = await dial(link.port);
    late.socket.write('late');
    expect(server.sockets).toHaveLength(1);
    link.heal();
    await expect.poll(() => server.sockets.length, patience).toBe(2);
    const heard = collect(server.sockets[1]!);
    await expect.poll(() => heard.text, patience).toBe('late');
  });

  test('what is late stays in its order, also when it is healed meanwhile', async () => {
    const { link, client, peer } = await linked();
    link.trouble({ delayMs: 50 });
    client.socket.write('one ');
    await expect.poll(() => client.socket.bytesWritten, patience).toBe(4);
    link.heal();
    client.socket.write('two ');
    await expect.poll(() => peer.heard.text, patience).toBe('one two ');
  });

  test('a reset ends both sides; a cut ends one, and the other is told when it is healed', async () => {
    const first = await linked();
    const reset = new Promise((resolve) => {
      first.peer.socket.once('close', resolve);
    });
    first.link.reset();
    await Promise.all([first.client.closed, reset]);

    const { link, client, peer } = await linked();
    const gone = new Promise((resolve) => {
      peer.socket.once('close', resolve);
    });
    link.cutOff('down');
    await gone;
    expect(client.socket.destroyed).toBe(false);
    link.heal();
    await client.closed;
  });

  test('tries the next one where nobody answers', async () => {
    const [one, two] = [await listen(), await listen()];
    one.server.close();
    const link = await Link.open('a>b', () => [one, two].map(({ port }) => ({ host: '127.0.0.1', port })));
    onTestFinished(() => link.close());
    await dial(link.port);
    await expect.poll(() => two.sockets.length, patience).toBe(1);
  });
});

/** A frame as browsers and `ws` send it: masked. */
const frame = (text: string): Buffer => {
  const mask = Buffer.from([1, 2, 3, 4]);
  const payload = Buffer.from(text).map((byte, index) => byte ^ mask[index % 4]!);
  const length = payload.length;
  const head =
    length < 126 ? Buffer.from([0x81, 0x80 | length]) : Buffer.from([0x81, 0xfe, length >> 8, length & 0xff]);
  return Buffer.concat([head, mask, payload]);
};
const upgrade = 'GET /socket.io/ HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n';
const acknowledgement = (guid: string) => frame(`42["push-ack",{"pushGuid":"${guid}"}]`);
const push = frame(`4217["cli",${JSON.stringify({ text: 'x'.repeat(300) })}]`);

describe('frames of a WebSocket', () => {
  test('are cut where they end, however they come in', () => {
    const all = [Buffer.from(upgrade), acknowledgement('a'), push, acknowledgement('b')];
    const frames = new ClientFrames();
    const pieces = Array.from(Buffer.concat(all)).flatMap((byte) => frames.take(Buffer.from([byte])));
    expect(pieces).toEqual(all);
    expect(pieces.map((piece) => [isAcknowledgement(piece), isPush(piece)])).toEqual([
      [false, false],
      [true, false],
      [false, true],
      [true, false],
    ]);
  });

  test('are not looked for where something else is spoken', () => {
    for (const text of [
      'PUT /contents/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc',
      '\0\0\0\u0008\u0004',
      'GET / HTTP/1.1\r\n\r\n',
    ]) {
      expect(Buffer.concat(new ClientFrames().take(Buffer.from(text))).toString()).toBe(text);
    }
  });

  test('acknowledgements are repeated and reordered; everything else passes once and in order', async () => {
    const { link, client, peer } = await linked();
    client.socket.write(upgrade);
    const [a, b] = [acknowledgement('a'), acknowledgement('b')];
    link.trouble({ reorders: true });
    client.socket.write(Buffer.concat([a, push, b]));
    const text = (...parts: Buffer[]) => upgrade + Buffer.concat(parts).toString('latin1');
    await expect.poll(() => peer.heard.text, patience).toBe(text(push, b, a));
    link.heal();
    link.trouble({ repeats: 'acknowledgements' });
    client.socket.write(Buffer.concat([a, push]));
    await expect.poll(() => peer.heard.text, patience).toBe(text(push, b, a, a, a, push));
    link.heal();
    link.trouble({ repeats: 'pushes' });
    client.socket.write(Buffer.concat([a, push]));
    await expect.poll(() => peer.heard.text, patience).toBe(text(push, b, a, a, a, push, a, push, push));
  });
});
