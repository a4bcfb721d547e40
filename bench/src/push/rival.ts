import { systemProgram } from '@cd-push/faults';

import { Crowd } from '../participants/crowd.ts';
import { clientCpu, Participant, serverCpu } from '../participants/participant.ts';
import type { RivalName } from '../participants/rival-client.ts';
import type { AnchorEnvelope, AnchorKeys } from '../participants/signing.ts';
import { TimesSchema } from '../participants/times-of.ts';
import { freshKeys, UrlSchema } from './anchor.ts';

/** The program of a rival that is none of Node. */
const programOf: Readonly<Record<RivalName, string | undefined>> = {
  ws: undefined,
  nats: 'nats-server',
  redis: 'redis-server',
};

/** What one might broadcast by instead, in the same arrangement of processes as what it is compared with. */
export class Rival implements AsyncDisposable {
  readonly name: RivalName;
  readonly server: Participant;
  readonly #sender: Participant;
  readonly #receivers = new Crowd({ program: 'rival-client' });
  readonly #place: { readonly name: RivalName; readonly url: string; readonly keys: AnchorKeys };

  private constructor(
    server: Participant,
    sender: Participant,
    place: { readonly name: RivalName; readonly url: string; readonly keys: AnchorKeys },
  ) {
    this.name = place.name;
    this.server = server;
    this.#sender = sender;
    this.#place = place;
  }

  /** Why it cannot be had here; undefined where it can. */
  static whyNot(name: RivalName): string | undefined {
    const program = programOf[name];
    try {
      if (program !== undefined) systemProgram(program);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** @param acceptance a relay's acceptance, whose bytes are signed where the relay's part is done. */
  static async start(name: RivalName, acceptance: string): Promise<Rival> {
    const keys = freshKeys();
    const program = name === 'ws' ? 'ws-server' : 'broker';
    const server = await Participant.start({ program, cpu: serverCpu });
    const order = name === 'ws' ? { keys, acceptance } : { name };
    const { url } = await server.ask('start', order, UrlSchema);
    const place = { name, url, keys };
    const sender = await Participant.start({ program: 'rival-client', cpu: clientCpu });
    await sender.tell('send', { ...place, acceptance });
    return new Rival(server, sender, place);
  }

  receivers(count: number): Promise<void> {
    return this.#receivers.add(count, (process, part) =>
      process.tell('receive', { ...this.#place, count: part }),
    );
  }

  /** Milliseconds from sending an envelope to the last answer to it, one after the other. */
  async sequence(order: {
    readonly signed: boolean;
    readonly envelope: AnchorEnvelope;
    readonly count: number;
    readonly answers: number;
  }): Promise<number[]> {
    const { times } = await this.#sender.ask('sequence', order, TimesSchema);
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#sender, this.#receivers, this.server].map((one) => one[Symbol.asyncDispose]()));
  }
}
