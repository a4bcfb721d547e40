import { Type, type Static } from 'typebox';

import { module } from '../participants/installation.ts';
import { Crowd } from '../participants/crowd.ts';
import { clientCpu, Participant, serverCpu } from '../participants/participant.ts';
import type { BenchJournal } from '../participants/relay-commands.ts';
import type { AnchorEnvelope } from '../participants/signing.ts';
import { plantFlags } from '../plants/planting.ts';
import { TimesSchema } from '../participants/times-of.ts';
import { DeliveredSchema, UrlSchema } from './anchor.ts';

/** Checks that a recipient must have refused forgeries by; the list itself is in forgeries.ts. */
const fewestForgeries = 12;
/** The statement's and the acceptance's, which are another one for each push; certificates are opened once. */
const signaturesOfPush = 2;

/** A thousand pushes are written in a fifth of a second. */
const fillWithinMs = (pushes: number): number => 60_000 + pushes;

const BytesSchema = Type.Object({ bytes: Type.Number() });
const RefusedSchema = Type.Object({ refused: Type.Integer() });
const PerSecondSchema = Type.Object({ perSecond: Type.Number() });
const VerifiedSchema = Type.Object({ verified: Type.Integer() });

interface InstalledOptions {
  /** Where relays keep pushes; in memory by default. */
  readonly journal?: BenchJournal;
  /** Settled pushes that are in the journal before a relay starts on it. */
  readonly earlier?: number;
  /** Wakes relays that share a journal: with it there are two, the sender at one and all recipients at the other. */
  readonly redis?: string | undefined;
  /** Flags of Node's own for a relay's process. */
  readonly relayFlags?: readonly string[];
  readonly relayProgram?: 'relay' | 'counted-relay';
  /** Flags of Node's own for the processes of recipients. */
  readonly recipientFlags?: readonly string[];
}

interface Members {
  /** At which the sender is. */
  readonly relay: Participant;
  readonly sender: Participant;
  readonly recipients: Crowd;
  /** The relay's is that at which recipients are. */
  readonly urls: { readonly apiUrl: string; readonly relayUrl: string };
  /** Bytes of the journal's files after it was filled, 0 where it was not. */
  readonly filledBytes: number;
}

/** The real api and relay, a sender and recipients, each a process of its own. */
export class Installed implements AsyncDisposable {
  readonly relay: Participant;
  readonly sender: Participant;
  readonly recipients: Crowd;
  readonly urls: Members['urls'];
  readonly filledBytes: number;
  readonly #owner: AsyncDisposableStack;

  private constructor(owner: AsyncDisposableStack, members: Members) {
    this.#owner = owner;
    ({
      relay: this.relay,
      sender: this.sender,
      recipients: this.recipients,
      urls: this.urls,
      filledBytes: this.filledBytes,
    } = members);
  }

  static async start({
    journal = { kind: 'memory' },
    earlier = 0,
    redis,
    relayFlags = [],
    relayProgram = 'relay',
    recipientFlags = [],
  }: InstalledOptions = {}): Promise<Installed> {
    await using owner = new AsyncDisposableStack();
    const api = owner.use(await Participant.start({ program: 'api', cpu: clientCpu }));
    const { url: apiUrl } = await api.ask('start', {}, UrlSchema);
    const newRelay = async (): Promise<Participant> =>
      owner.use(
        await Participant.start({
          program: relayProgram,
          cpu: serverCpu,
          nodeFlags: [...plantFlags(), ...relayFlags],
        }),
      );
    const relay = await newRelay();
    const { bytes } =
      earlier === 0
        ? { bytes: 0 }
        : await relay.ask('fill', { count: earlier, journal }, BytesSchema, fillWithinMs(earlier));
    const order = { apiUrl, journal, ...(redis === undefined ? {} : { redis }) };
    const { url: senderUrl } = await relay.ask('start', order, UrlSchema);
    const { url: relayUrl } =
      redis === undefined ? { url: senderUrl } : await (await newRelay()).ask('start', order, UrlSchema);
    const sender = owner.use(await Participant.start({ program: 'sender', cpu: clientCpu }));
    await sender.tell('start', { apiUrl, relayUrl: senderUrl });
    const recipients = owner.use(new Crowd({ program: 'recipients', nodeFlags: recipientFlags }));
    const urls = { apiUrl, relayUrl };
    return new Installed(owner.move(), { relay, sender, recipients, urls, filledBytes: bytes });
  }

  /** Enrols and connects so many more recipients. */
  join(count: number): Promise<void> {
    return this.recipients.add(count, async (process, part) =>
      process.tell('join', { ...this.urls, joinCode: await this.joinCode(part), count: part }),
    );
  }

  /** A code by which so many runtimes may enrol. */
  async joinCode(uses: number): Promise<string> {
    const { code } = await this.sender.ask('joinCode', { uses }, Type.Object({ code: Type.String() }));
    return code;
  }

  /**
   * Pushes, and makes sure that what took it would have taken no forgery of it, in every process that holds recipients.
   *
   * @returns the push as it was delivered.
   * @throws Error where a recipient skips a check.
   */
  async prove(bytes: number, recipients: number): Promise<Static<typeof DeliveredSchema>> {
    // Of two, the second names the first as what it follows.
    await this.sequence({ bytes, count: 2, recipients });
    const [first] = this.recipients.processes;
    if (first === undefined) throw new Error('Nobody has joined yet.');
    const delivered = await first.ask('last', {}, DeliveredSchema);
    const place = {
      resource: `/${module}/src/measured.css`,
      session: sessionOf(delivered.pushData.certificate),
    };
    for (const process of this.recipients.processes) {
      const { refused } = await process.ask('refuseForgeries', place, RefusedSchema);
      if (refused < fewestForgeries) throw new Error(`Only ${refused} forgeries were tried.`);
    }
    return delivered;
  }

  /**
   * Pushes one after the other, and makes sure that each recipient verified both signatures of each: counted at Node's own
   * function, not by what recipients say.
   *
   * @returns milliseconds from the call until everybody has confirmed both stages.
   * @throws Error where one did not.
   */
  async sequence(order: { bytes: number; count: number; recipients: number }): Promise<number[]> {
    const before = await this.#verified();
    const { times } = await this.sender.ask('sequence', order, TimesSchema);
    const verified = (await this.#verified()) - before;
    const least = order.count * order.recipients * signaturesOfPush;
    if (verified < least)
      throw new Error(`A recipient skips a check: ${verified} signatures were verified of ${least}.`);
    return times;
  }

  /** How many pushes a second come through, each to its end, where as many are under way at once as there are files. */
  async perSecond(order: { bytes: number; count: number; files: number }): Promise<number> {
    const { perSecond } = await this.sender.ask('pipeline', order, PerSecondSchema);
    return perSecond;
  }

  async #verified(): Promise<number> {
    let sum = 0;
    for (const process of this.recipients.processes)
      sum += (await process.ask('verified', {}, VerifiedSchema)).verified;
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner[Symbol.asyncDispose]();
  }
}

/** What the sender had sent: without what the relay has added. */
export const asSent = ({ pushData, ...rest }: Static<typeof DeliveredSchema>): AnchorEnvelope => {
  const { acceptance: _acceptance, relayCertificate: _certificate, attempt: _attempt, ...sent } = pushData;
  return { ...rest, pushData: sent };
};

const sessionOf = (certificate: string): string => {
  const payload: unknown = JSON.parse(Buffer.from(certificate.split('.')[1] ?? '', 'base64url').toString());
  if (typeof payload === 'object' && payload !== null && 'session' in payload) return String(payload.session);
  throw new TypeError('The certificate names no session.');
};
