import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { enrol, runtimeSession, type RuntimeSession } from '@cd-push/client';
import { isCdPushEnvelop, isStatement, protocolVersion, type ICdPushEnvelop } from '@cd-push/protocol';
import { cryptoPlatform, digestOf, openContent, packShape, unpackEnvelope } from '@cd-push/timeline';
import { io, type Socket } from 'socket.io-client';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

import { command, serve } from './serve.ts';

/** What is in place of a file. */
export const HeadSchema = Type.Object({
  resource: Type.String(),
  version: Type.Integer(),
  digest: Type.String(),
});
const Greeted = Type.Object({ status: Type.Literal(true), catchUp: Type.Literal(1) });
const Packet = Type.Object({
  type: Type.String(),
  data: Type.Optional(Type.Union([Type.String(), Type.Unsafe<Uint8Array>(Type.Unknown())])),
});

/** What one file's catch-up took, in bytes, and in milliseconds from the hello to its arrival. */
export const CatchUpSchema = Type.Object({
  /** Everything that came after the welcome, headers of WebSocket included. */
  bytes: Type.Integer(),
  /** What of that goes to the account of the content and its source map. */
  contentBytes: Type.Integer(),
  encoding: Type.String(),
  ms: Type.Number(),
  /** Milliseconds from before there was a connection to its arrival. */
  sinceConnectingMs: Type.Number(),
});
type CatchUp = Static<typeof CatchUpSchema>;

let session: RuntimeSession | undefined;

/** Connects as one that was away, and takes what it is sent first. */
const caughtUp = async (
  relayUrl: string,
  instance: string,
  heads: readonly Static<typeof HeadSchema>[],
  held: { readonly content: string; readonly map: string | undefined },
): Promise<CatchUp> => {
  if (session === undefined) throw new Error('The runtime has not been enrolled yet.');
  const { token } = await session.access();
  const connectingAt = performance.now();
  const socket = io(relayUrl, { transports: ['websocket'], forceNew: true, auth: { token } });
  try {
    await connected(socket);
    const arrived = new Promise<readonly [own: unknown, pack: unknown]>((resolve) => {
      socket.once('apply-runtime-patch', (own: unknown, pack: unknown) => resolve([own, pack]));
    });
    let bytes = 0;
    let isGreeted = false;
    // Listens from the start: what comes with the welcome in one piece of the stream is counted, too.
    socket.io.engine.on('packet', (packet: unknown) => {
      if (isGreeted) bytes += lengthOnWire(packet);
      else isGreeted = isAcknowledgement(packet);
    });
    const startedAt = performance.now();
    const about = { instance, kind: 'node', base: null, heads, retainedBytes: 0, protocol: protocolVersion };
    const welcome: unknown = await socket.emitWithAck('runtime-hello', about);
    if (!Check(Greeted, welcome)) throw new Error(`The relay greets with ${JSON.stringify(welcome)}.`);
    const [own, pack] = await arrived;
    const arrivedAt = performance.now();
    if (!(pack instanceof Uint8Array)) throw new TypeError('The copy did not come packed.');
    const envelope = await unpackEnvelope(own, pack);
    if (!isCdPushEnvelop(envelope)) throw new TypeError('The relay sent no envelope.');
    const encoding = await opened(envelope, held);
    await confirm(socket, envelope);
    return {
      bytes,
      contentBytes: contentBytesIn(pack),
      encoding,
      ms: arrivedAt - startedAt,
      sinceConnectingMs: arrivedAt - connectingAt,
    };
  } finally {
    socket.disconnect();
  }
};

const connected = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });

/** Socket.IO's type 3. */
const isAcknowledgement = (packet: unknown): boolean =>
  Check(Packet, packet) && typeof packet.data === 'string' && packet.data.startsWith('3');

/** Says that it is in place, so that it is not owed at the next time. */
const confirm = async (socket: Socket, { pushData }: ICdPushEnvelop): Promise<void> => {
  const { pushGuid, statement = '', attempt = 1 } = pushData;
  const about = { pushGuid, attempt, statement: await digestOf(statement), at: Date.now() };
  socket.emit('push-ack', about);
  socket.emit('push-msg-complete', about);
};

/** A server's frame has no mask; a textual one begins with Engine.IO's type. */
const lengthOnWire = (packet: unknown): number => {
  if (!Check(Packet, packet) || packet.data === undefined) return 0;
  const { data } = packet;
  const length = typeof data === 'string' ? 1 + Buffer.byteLength(data) : data.length;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  return header + length;
};

/** How the content travelled, which has to be what was signed. */
const opened = async (
  { pushData }: ICdPushEnvelop,
  held: { readonly content: string; readonly map: string | undefined },
): Promise<string> => {
  const [, payload = ''] = (pushData.statement ?? '').split('.');
  const statement: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const [head] = isStatement(statement) && statement.kind === 'patch' ? statement.patches : [];
  const [content] = pushData.contents ?? [];
  if (head === undefined || content === undefined) throw new Error('The push brings nothing.');
  const verified = await openContent(head, content, held);
  if (!verified.ok) throw new Error(`The content is refused: ${verified.problem.detail}`);
  return content.encoding;
};

/** What the pack would be shorter if nothing stood in its contents. */
const contentBytesIn = (pack: Uint8Array): number => {
  const packed: unknown = JSON.parse(inflateRawSync(pack, { dictionary }).toString());
  const without = JSON.stringify(packed, (name, value: unknown) => (carriers.has(name) ? '' : value));
  return pack.length - deflateRawSync(without, { level: 6, dictionary }).length;
};

const dictionary = Buffer.from(packShape);
/** Members that hold content, of whichever encoding. */
const carriers = new Set(['delta', 'text', 'base64']);

serve({
  enrol: command(
    Type.Object({ apiUrl: Type.String(), joinCode: Type.String() }),
    async ({ apiUrl, joinCode }) => {
      const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
      session = runtimeSession(await enrol({ apiUrl, joinCode, key }), key);
      return {};
    },
  ),

  catchUp: command(
    Type.Object({
      relayUrl: Type.String(),
      instance: Type.String(),
      heads: Type.Array(HeadSchema),
      content: Type.String(),
      map: Type.Optional(Type.String()),
    }),
    ({ relayUrl, instance, heads, content, map }) => caughtUp(relayUrl, instance, heads, { content, map }),
  ),
});
