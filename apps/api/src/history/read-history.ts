import { grantsCover, ProblemError, problemOf } from '@cd-push/protocol';
import type { HistoryReader, ResourceHead } from '@cd-push/store';
import {
  closure,
  isAddress,
  loadFrame,
  loadObject,
  readAddress,
  walk,
  type Address,
  type FrameObject,
  type ObjectSource,
  type ParsedObject,
} from '@cd-push/timeline';

import { leftBy } from '../identity/registrar.ts';
import type { SignedIn } from '../server/guards.ts';

/** Whose history is read: a file in an environment. */
export interface Of {
  readonly environment: string;
  readonly resource: string;
}

/** Objects of one file's history that are looked through for one: `too-large`. */
const graphAtMost = 100_000;

/** One file's history, for someone who may see it. */
export class FileHistory {
  readonly #reader: HistoryReader;
  readonly #place: { readonly tenant: string; readonly environment: string };
  readonly #resource: string;

  /**
   * @throws {ProblemError} `unavailable` where no journal is read here, `not-found` where the caller may not see the file: it
   * is told nothing else than of a file that never was.
   */
  constructor(
    reader: HistoryReader | undefined,
    tenant: string,
    { environment, resource }: Of,
    { user, session }: SignedIn,
  ) {
    if (reader === undefined) {
      const detail =
        'This api reads no journal. Set CD_PUSH_JOURNAL_URL to the database that the relays share.';
      throw new ProblemError(problemOf('unavailable', { detail }));
    }
    const watches = user.roles.includes('admin') || user.roles.includes('observer');
    const isSeen = watches || grantsCover(user.grants, resource, environment);
    if (!isSeen || !grantsCover(leftBy(session), resource, environment)) throw unknown();
    this.#reader = reader;
    this.#place = { tenant, environment };
    this.#resource = resource;
  }

  async head(): Promise<ResourceHead> {
    const [head] = await this.#reader.heads(this.#place, [this.#resource]);
    if (head === undefined) throw unknown();
    return head;
  }

  async versions(below: number, limit: number) {
    await this.head();
    return this.#reader.versions(this.#place, this.#resource, below, limit);
  }

  /** Frames from one back to the first, children before parents. */
  async *frames(from: string | undefined): AsyncGenerator<FrameObject, void, undefined> {
    const tip = await this.#tip();
    if (from === undefined || from === tip) {
      yield* walk(this.#source, [tip]);
      return;
    }
    const frame = await this.#frameOf(from, tip);
    yield* walk(this.#source, [frame.address]);
  }

  /** What a frame needs, itself included; the tip by default. */
  async *graph(from: string | undefined): AsyncGenerator<ParsedObject, void, undefined> {
    const tip = await this.#tip();
    const root = from === undefined || from === tip ? tip : (await this.#frameOf(from, tip)).address;
    yield* closure(this.#source, [root], { limit: graphAtMost });
  }

  /**
   * An object that belongs to this history. Files are not read on the way to it, however large the history is.
   *
   * @throws {ProblemError} `too-large` where it takes too long to find out.
   */
  async object(address: string): Promise<ParsedObject> {
    const tip = await this.#tip();
    if (!isAddress(address)) throw unknown();
    if (address === tip) return loadObject(this.#source, tip);
    const met = new Set<Address>([tip]);
    const waiting = [tip];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { refers } = await loadObject(this.#source, next);
      if (refers.includes(address)) return loadObject(this.#source, address);
      for (const further of refers) {
        if (met.has(further) || readAddress(further)?.codec === 'raw') continue;
        met.add(further);
        waiting.push(further);
      }
      if (met.size > graphAtMost) throw new ProblemError(problemOf('too-large'));
    }
    throw unknown();
  }

  get #source(): ObjectSource {
    return this.#reader.space(this.#place.tenant);
  }

  async #tip(): Promise<Address> {
    const { frame } = await this.head();
    if (frame === null || !isAddress(frame.address)) throw unknown();
    return frame.address;
  }

  /** A frame of this history: one of the same timeline. */
  async #frameOf(from: string, tip: Address): Promise<FrameObject> {
    if (!isAddress(from)) throw unknown();
    const { timeline } = await loadFrame(this.#source, tip);
    // What is not here and what is another file's are told alike.
    const frame = await loadFrame(this.#source, from).catch(() => undefined);
    if (frame?.timeline !== timeline) throw unknown();
    return frame;
  }
}

const unknown = (): ProblemError =>
  new ProblemError(problemOf('not-found', { detail: 'There is no such history that this session may see.' }));
