import { Type, type Static } from 'typebox';

import { module } from '../participants/installation.ts';
import { clientCpu, Participant, serverCpu } from '../participants/participant.ts';
import type { JournalSchema } from '../participants/relay-commands.ts';
import type { AnchorEnvelope } from '../participants/signing.ts';
import { DeliveredSchema } from './anchor.ts';

const UrlSchema = Type.Object({ url: Type.String() });

/** Checks that a recipient must have refused forgeries by; the list itself is in forgeries.ts. */
const fewestForgeries = 12;

interface InstalledOptions {
  /** Where the relay keeps pushes; in memory by default. */
  readonly journal?: Static<typeof JournalSchema>;
  /** Settled pushes that are in the journal before the relay starts on it. */
  readonly earlier?: number;
  /** Flags of Node's own for the relay's process. */
  readonly relayFlags?: readonly string[];
  readonly relayProgram?: 'relay' | 'counted-relay';
}

/** The real api and relay, a sender and recipients, each a process of its own. */
export class Installed implements AsyncDisposable {
  readonly relay: Participant;
  readonly sender: Participant;
  readonly recipients: Participant;
  readonly urls: { readonly apiUrl: string; readonly relayUrl: string };
  readonly #owner: AsyncDisposableStack;

  private constructor(
    owner: AsyncDisposableStack,
    participants: { relay: Participant; sender: Participant; recipients: Participant },
    urls: { apiUrl: string; relayUrl: string },
  ) {
    this.#owner = owner;
    this.urls = urls;
    ({ relay: this.relay, sender: this.sender, recipients: this.recipients } = participants);
  }

  static async start({
    journal = 'memory',
    earlier = 0,
    relayFlags = [],
    relayProgram = 'relay',
  }: InstalledOptions = {}): Promise<Installed> {
    await using owner = new AsyncDisposableStack();
    const api = owner.use(await Participant.start({ program: 'api', cpu: clientCpu }));
    const { url: apiUrl } = await api.ask('start', {}, UrlSchema);
    const relay = owner.use(
      await Participant.start({ program: relayProgram, cpu: serverCpu, nodeFlags: relayFlags }),
    );
    if (earlier > 0) await relay.tell('fill', { count: earlier });
    const { url: relayUrl } = await relay.ask('start', { apiUrl, journal }, UrlSchema);
    const sender = owner.use(await Participant.start({ program: 'sender', cpu: clientCpu }));
    await sender.tell('start', { apiUrl, relayUrl });
    const recipients = owner.use(await Participant.start({ program: 'recipients', cpu: clientCpu }));
    return new Installed(owner.move(), { relay, sender, recipients }, { apiUrl, relayUrl });
  }

  /** Enrols and connects so many more recipients. */
  async join(count: number): Promise<void> {
    await this.recipients.tell('join', { ...this.urls, joinCode: await this.joinCode(count), count });
  }

  /** A code by which so many runtimes may enrol. */
  async joinCode(uses: number): Promise<string> {
    const { code } = await this.sender.ask('joinCode', { uses }, Type.Object({ code: Type.String() }));
    return code;
  }

  /**
   * Pushes, and makes sure that what took it would have taken no forgery of it.
   *
   * @returns the push as it was delivered.
   * @throws Error where a recipient skips a check.
   */
  async prove(bytes: number, recipients: number): Promise<Static<typeof DeliveredSchema>> {
    // Of two, the second names the first as what it follows.
    await this.sender.tell('sequence', { bytes, count: 2, recipients });
    const delivered = await this.recipients.ask('last', {}, DeliveredSchema);
    const place = {
      resource: `/${module}/src/measured.js`,
      session: sessionOf(delivered.pushData.certificate),
    };
    const { refused } = await this.recipients.ask(
      'refuseForgeries',
      place,
      Type.Object({ refused: Type.Integer() }),
    );
    if (refused < fewestForgeries) throw new Error(`Only ${refused} forgeries were tried.`);
    return delivered;
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
