import {
  limits,
  problemOf,
  ProblemError,
  refuse,
  type PatchHead,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import { openStored, type VerifiedContent } from '@cd-push/timeline';

import type { Gate, LinePorts } from './line-ports.ts';

/** A file that is there after the push. */
export type Put = Exclude<PatchHead, { change: 'delete' }>;

/**
 * Contents of one push that lie at the relay. They are fetched one after the other, so that no more is taken in than one
 * push may bring, source maps included, of which nothing but the digest is signed.
 */
export class StoredContents {
  readonly #content: LinePorts['content'];
  readonly #gate: Gate;
  #leftBytes: number = limits.contentBytes;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(content: LinePorts['content'], gate: Gate) {
    this.#content = content;
    this.#gate = gate;
  }

  open(head: Put): Promise<Result<VerifiedContent, Problem>> {
    const opening = this.#tail.then(() => this.#open(head));
    this.#tail = opening;
    return opening;
  }

  async #open(head: Put): Promise<Result<VerifiedContent, Problem>> {
    const unaccepted = await this.#gate.passed();
    if (unaccepted !== undefined) return refuse(unaccepted);
    const { digest, bytes, mapDigest } = head;
    try {
      const content = await this.#fetch(digest, bytes);
      const map = mapDigest === undefined ? undefined : await this.#fetch(mapDigest, this.#leftBytes);
      return await openStored(head, { content, map });
    } catch (error) {
      return refuse(unfetched(head, problemFrom(error)));
    }
  }

  async #fetch(digest: string, atMost: number): Promise<Uint8Array<ArrayBuffer>> {
    if (atMost > this.#leftBytes) {
      const detail = `The files of one push have at most ${limits.contentBytes} bytes.`;
      throw new ProblemError(problemOf('too-large', { detail }));
    }
    const content = await this.#content(digest, atMost);
    this.#leftBytes -= content.length;
    return content;
  }
}

const problemFrom = (error: unknown): Problem =>
  error instanceof ProblemError ? error.problem : problemOf('internal', { detail: String(error) });

/** Where it did not come another attempt is worth it; where something else came it is not. */
const unfetched = ({ resource, digest }: Put, problem: Problem): Problem => {
  const place = { path: '/pushData/contents', resource };
  const { kind, title, detail = title } = problem;
  return kind === 'bad-signature' || kind === 'too-large'
    ? { ...problem, ...place }
    : problemOf('unavailable', { ...place, detail: `The content ${digest} could not be fetched. ${detail}` });
};
