import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

import { ClientFrames, isAcknowledgement, isPush } from './frames.ts';

/** `up` is from who connects to who is connected to. */
export type Direction = 'up' | 'down';

/** What a link does to what passes. */
export interface Trouble {
  /** Nothing passes in these directions; nobody is told, and what was sent waits. */
  readonly stalled: ReadonlySet<Direction>;
  /** Milliseconds by which everything is late. */
  readonly delayMs: number;
  /** Frames of these kinds are sent twice. */
  readonly repeats: 'acknowledgements' | 'pushes' | undefined;
  /** Each acknowledgement is sent after the one that follows it, or after a moment where none does. */
  readonly reorders: boolean;
}

const noTrouble: Trouble = { stalled: new Set(), delayMs: 0, repeats: undefined, reorders: false };
/** How long an acknowledgement waits for another one to go first. */
const overtakenWithinMs = 50;

/** Where a link leads; several are tried one after the other. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy for the connections from one participant to another, and the faults of the network between them. */
export class Link {
  readonly name: string;
  readonly #server: Server;
  readonly #upstreams: () => readonly Upstream[];
  readonly #passages = new Set<Passage>();
  #trouble = noTrouble;
  #turn = 0;

  private constructor(name: string, upstreams: () => readonly Upstream[]) {
    this.name = name;
    this.#upstreams = upstreams;
    // Half of a connection may be closed while the other still speaks.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** @param upstreams where it leads when a connection is made; each connection begins with the next one. */
  static async open(name: string, upstreams: () => readonly Upstream[]): Promise<Link> {
    const link = new Link(name, upstreams);
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject);
      link.#server.listen(0, '127.0.0.1', resolve);
    });
    return link;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has such an address
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Adds to what is wrong already. */
  trouble(more: Partial<Trouble>): void {
    this.#become({
      ...this.#trouble,
      ...more,
      stalled: new Set([...this.#trouble.stalled, ...(more.stalled ?? [])]),
    });
  }

  /** Ends every connection by a reset. */
  reset(): void {
    for (const passage of this.#passages) passage.reset();
  }

  /** Ends one side of every connection, and does not tell the other. */
  cutOff(end: Direction): void {
    for (const passage of this.#passages) passage.cutOff(end);
  }

  /** Everything passes again; what waited goes on. A connection that lost one side is reset. */
  heal(): void {
    this.#become(noTrouble);
    for (const passage of this.#passages) if (passage.isHalf) passage.reset();
  }

  close(): void {
    this.#server.close();
    this.reset();
  }

  #become(trouble: Trouble): void {
    this.#trouble = trouble;
    for (const passage of this.#passages) passage.follow(trouble);
  }

  #accept(client: Socket): void {
    const upstreams = this.#upstreams();
    const order = upstreams.map((_, index) => upstreams[(index + this.#turn) % upstreams.length]);
    this.#turn += 1;
    const passage = new Passage(
      client,
      order.filter((upstream) => upstream !== undefined),
      this.#trouble,
    );
    this.#passages.add(passage);
    passage.over.then(
      () => this.#passages.delete(passage),
      () => this.#passages.delete(passage),
    );
  }
}

/** One connection through a link. */
class Passage {
  readonly over: Promise<void>;
  readonly #client: Socket;
  readonly #upstreams: readonly Upstream[];
  readonly #lanes = new Map<Direction, Lane>();
  #server: Socket | undefined;
  #trouble: Trouble;
  #end: () => void = () => undefined;
  #isConnecting = false;
  #cut: Direction | undefined;

  constructor(client: Socket, upstreams: readonly Upstream[], trouble: Trouble) {
    this.#client = client;
    this.#upstreams = upstreams;
    this.#trouble = trouble;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    client.setNoDelay(true);
    client.on('error', () => this.#lost('up'));
    client.once('close', () => this.#lost('up'));
    this.#connectUnlessStalled();
  }

  /** Whether one side is gone and the other was not told. */
  get isHalf(): boolean {
    return this.#cut !== undefined;
  }

  follow(trouble: Trouble): void {
    this.#trouble = trouble;
    for (const lane of this.#lanes.values()) lane.follow(trouble);
    this.#connectUnlessStalled();
  }

  reset(): void {
    this.#cut = undefined;
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
    this.#end();
  }

  cutOff(end: Direction): void {
    if (this.#server === undefined) return;
    this.#cut = end;
    (end === 'up' ? this.#client : this.#server).resetAndDestroy();
  }

  /** A connection that is made while nothing passes is not answered: it waits for what it leads to. */
  #connectUnlessStalled(): void {
    if (this.#isConnecting || this.#trouble.stalled.size > 0) return;
    this.#isConnecting = true;
    this.#connect(0);
  }

  #connect(index: number): void {
    const upstream = this.#upstreams[index];
    if (upstream === undefined || this.#client.destroyed) {
      this.reset();
      return;
    }
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    const failed = (): void => this.#connect(index + 1);
    server.once('error', failed);
    server.once('connect', () => {
      server.off('error', failed);
      if (this.#client.destroyed) {
        server.destroy();
        return;
      }
      this.#server = server;
      server.on('error', () => this.#lost('down'));
      server.once('close', () => this.#lost('down'));
      this.#lanes.set('up', new Lane('up', this.#client, server, this.#trouble));
      this.#lanes.set('down', new Lane('down', server, this.#client, this.#trouble));
    });
  }

  /** One side is gone: the other is told, unless that is the fault. */
  #lost(side: Direction): void {
    if (this.#cut !== undefined) {
      if (this.#cut !== side) this.reset();
      return;
    }
    // What it had sent before it went still arrives; what stalls or is late goes the way of a broken connection.
    const other = side === 'up' ? this.#server : this.#client;
    other?.destroySoon();
    if (this.#client.destroyed && (this.#server?.destroyed ?? true)) this.#end();
  }
}

/** One direction of a connection. */
class Lane {
  readonly #direction: Direction;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #frames = new ClientFrames();
  #trouble: Trouble;
  #held: Buffer | undefined;
  readonly #late: { readonly step: () => void; readonly dueAt: number }[] = [];

  constructor(direction: Direction, from: Socket, to: Socket, trouble: Trouble) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#trouble = trouble;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.once('end', () => this.#inTurn(() => void to.end()));
    to.on('drain', () => this.#resume());
    this.follow(trouble);
  }

  follow(trouble: Trouble): void {
    this.#trouble = trouble;
    if (trouble.stalled.has(this.#direction)) this.#from.pause();
    else this.#resume();
  }

  #resume(): void {
    if (!this.#trouble.stalled.has(this.#direction) && !this.#to.writableNeedDrain) this.#from.resume();
  }

  #take(chunk: Buffer): void {
    // Frames are followed from the first byte on, so that a fault may begin at any time.
    const pieces = this.#direction === 'up' ? this.#frames.take(chunk) : [chunk];
    for (const piece of pieces) this.#pass(piece);
  }

  #pass(piece: Buffer): void {
    const { repeats, reorders } = this.#trouble;
    if (this.#direction === 'down' || (repeats === undefined && !reorders)) return this.#write(piece);
    if (reorders && isAcknowledgement(piece)) return this.#letOvertake(piece);
    this.#write(piece);
    const isRepeated =
      (repeats === 'acknowledgements' && isAcknowledgement(piece)) || (repeats === 'pushes' && isPush(piece));
    if (isRepeated) this.#write(piece);
  }

  #letOvertake(piece: Buffer): void {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      this.#write(piece);
      this.#write(held);
      return;
    }
    this.#held = piece;
    setTimeout(() => {
      if (this.#held !== piece) return;
      this.#held = undefined;
      this.#write(piece);
    }, overtakenWithinMs);
  }

  #write(piece: Buffer): void {
    this.#inTurn(() => this.#put(piece));
  }

  #put(piece: Buffer): void {
    if (this.#to.destroyed || this.#to.writableEnded) return;
    if (!this.#to.write(piece)) this.#from.pause();
  }

  /** Takes a step after those before it, and not before it may. */
  #inTurn(step: () => void): void {
    const { delayMs } = this.#trouble;
    if (delayMs === 0 && this.#late.length === 0) return step();
    this.#late.push({ step, dueAt: performance.now() + delayMs });
    if (this.#late.length === 1) this.#takeLate();
  }

  #takeLate(): void {
    const [next] = this.#late;
    if (next === undefined) return;
    setTimeout(
      () => {
        this.#late.shift();
        next.step();
        this.#takeLate();
      },
      Math.max(0, next.dueAt - performance.now()),
    );
  }
}
