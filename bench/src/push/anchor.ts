import { generateKeyPairSync } from 'node:crypto';

import { Type } from 'typebox';

import { Crowd } from '../participants/crowd.ts';
import { clientCpu, Participant, serverCpu } from '../participants/participant.ts';
import type { AnchorEnvelope, AnchorKeys } from '../participants/signing.ts';
import { TimesSchema } from '../participants/times-of.ts';

/** Where a server that was started listens. */
export const UrlSchema = Type.Object({ url: Type.String() });

/** A push as a recipient got it: the bytes that anchors carry and sign. */
export const DeliveredSchema = Type.Object({
  pushData: Type.Object({
    statement: Type.String(),
    acceptance: Type.String(),
    certificate: Type.String(),
    relayCertificate: Type.String(),
    attempt: Type.Optional(Type.Integer()),
  }),
});

/** Plain Socket.IO, in the same arrangement of processes as what it is compared with. */
export class Anchor implements AsyncDisposable {
  readonly server: Participant;
  readonly #sender: Participant;
  readonly #receivers = new Crowd({ program: 'anchor-client' });
  readonly #url: string;
  readonly #keys: AnchorKeys;

  private constructor(server: Participant, sender: Participant, url: string, keys: AnchorKeys) {
    this.server = server;
    this.#sender = sender;
    this.#url = url;
    this.#keys = keys;
  }

  /** @param acceptance a relay's acceptance, whose bytes the server signs. */
  static async start(acceptance: string, nodeFlags: readonly string[] = []): Promise<Anchor> {
    const keys = freshKeys();
    const server = await Participant.start({ program: 'anchor-server', cpu: serverCpu, nodeFlags });
    const { url } = await server.ask('start', { keys, acceptance }, UrlSchema);
    const sender = await Participant.start({ program: 'anchor-client', cpu: clientCpu });
    await sender.tell('send', { url, keys });
    return new Anchor(server, sender, url, keys);
  }

  receivers(count: number): Promise<void> {
    return this.#receivers.add(count, (process, part) =>
      process.tell('receive', { url: this.#url, keys: this.#keys, count: part }),
    );
  }

  /** Milliseconds from sending an envelope to its answer, one after the other. */
  async sequence(order: {
    readonly event: 'ack' | 'forward' | 'fan-out';
    readonly signed: boolean;
    readonly envelope: AnchorEnvelope;
    readonly count: number;
    readonly answers?: number;
  }): Promise<number[]> {
    const { times } = await this.#sender.ask('sequence', order, TimesSchema);
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#sender, this.#receivers, this.server].map((one) => one[Symbol.asyncDispose]()));
  }
}

/** Keys of an anchor that nobody else has. */
export const freshKeys = (): AnchorKeys => {
  const pair = (): { private: string; public: string } => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return {
      private: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
      public: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
    };
  };
  const sender = pair();
  const relay = pair();
  return {
    senderPrivate: sender.private,
    senderPublic: sender.public,
    relayPrivate: relay.private,
    relayPublic: relay.public,
  };
};
