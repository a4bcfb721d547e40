import { connect, enrol, onEnvelopes, runtimeSession, type Connection } from '@cd-push/client';
import { protocolVersion, isCdPushEnvelop, type Acknowledgement, type Problem } from '@cd-push/protocol';
import { cryptoPlatform, digestOf } from '@cd-push/timeline';

import type { HistoryWriter } from '../history/history-writer.ts';
import type { Draw } from '../schedule/draw.ts';

/** A push that came by, or that it was told of, by the names that acknowledgements need. */
type Known = Pick<Acknowledgement, 'pushGuid' | 'statement' | 'attempt'>;

const pushEvents = ['apply-runtime-patch', 'show-notice', 'execute-operation'];
const acknowledgements = ['push-ack', 'push-msg-complete'] as const;
/** How many pushes it remembers. */
const remembered = 500;

const lie: Problem = {
  type: 'about:blank',
  title: 'A lie.',
  status: 500,
  kind: 'apply-failed',
  retryable: true,
};

/**
 * A runtime that is let in and lies: it says that it has applied what it never looked at, and acknowledges what is not its
 * own, attempts that nobody opened, and other contents, again and again and in any order.
 */
export class Hostile {
  readonly #connection: Connection;
  readonly #draw: Draw;
  readonly #known: Known[] = [];

  private constructor(connection: Connection, draw: Draw) {
    this.#connection = connection;
    this.#draw = draw;
    onEnvelopes(connection, pushEvents, (envelope) => void this.#take(envelope).catch(() => undefined));
  }

  /** Joins, and says under which name. */
  static async join(
    options: {
      readonly apiUrl: string;
      readonly relayUrl: string;
      readonly joinCode: string;
      readonly draw: Draw;
    },
    writer: HistoryWriter,
  ): Promise<Hostile> {
    const { apiUrl, relayUrl, joinCode, draw } = options;
    const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
    const identity = await enrol({ apiUrl, joinCode, key, name: 'hostile' });
    const connection = connect({
      relayUrl,
      session: runtimeSession(identity, key),
      greet: async (ask) => {
        const hello = { protocol: protocolVersion, instance: 'hostile', kind: 'node', base: null } as const;
        const { recipient } = await ask('runtime-hello', { ...hello, heads: [], retainedBytes: 0 });
        writer.tell({ kind: 'joined', runtime: 'hostile', recipient, isHostile: true });
      },
    });
    await connection.opened();
    return new Hostile(connection, draw);
  }

  /** Tells it of a push that is not its own. */
  hint(pushGuid: string, statement: string): void {
    this.#remember({ pushGuid, statement, attempt: 1 });
  }

  /** Says so many things that are not so. */
  forge(count: number): void {
    for (let said = 0; said < count; said += 1) this.#forgeOne();
  }

  close(): void {
    this.#connection.close();
  }

  async #take(envelope: unknown): Promise<void> {
    if (!isCdPushEnvelop(envelope)) return;
    const { pushGuid, statement, attempt = 1 } = envelope.pushData;
    if (statement === undefined) return;
    const known = { pushGuid, statement: await digestOf(statement), attempt };
    this.#remember(known);
    // What comes right after the greeting comes before the connection counts as open.
    await this.#connection.opened();
    this.#say('push-msg-complete', known);
  }

  #remember(known: Known): void {
    this.#known.push(known);
    if (this.#known.length > remembered) this.#known.shift();
  }

  #forgeOne(): void {
    const draw = this.#draw;
    if (this.#known.length === 0) return;
    const known = draw.pick(this.#known);
    const other = draw.pick(this.#known);
    const forged = draw.pick<Known>([
      known,
      { ...known, attempt: known.attempt + draw.between(1, 3) },
      { ...known, statement: other.statement },
      { ...known, pushGuid: other.pushGuid },
      { ...known, pushGuid: crypto.randomUUID() },
    ]);
    if (draw.chance(0.3)) {
      this.#connection.send('push-msg-fail', { ...forged, at: this.#connection.clock.now(), problem: lie });
    } else {
      this.#say(draw.pick(acknowledgements), forged);
    }
  }

  #say(event: (typeof acknowledgements)[number], known: Known): void {
    this.#connection.send(event, { ...known, at: this.#connection.clock.now() });
  }
}
