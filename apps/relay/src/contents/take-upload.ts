import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { limits, ok, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';
import type { Content, JournalStore } from '@cd-push/store';

import { mayPushAtAll, type Session } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';
import { HeldBytes } from './held-bytes.ts';
import { Pace } from './pace.ts';

export interface UploadBounds {
  /** Bytes that one person may have stored that no push of theirs has named yet, and how many contents that may be. */
  readonly waitingBytes: number;
  readonly waitingContents: number;
  /** Bytes that are being taken in at a time, in all and of one person. */
  readonly inAll: number;
  readonly ofOne: number;
}

const usualBounds: UploadBounds = {
  waitingBytes: 4 * limits.contentBytes,
  waitingContents: 4_000,
  inAll: 4 * limits.contentBytes,
  ofOne: 2 * limits.contentBytes,
};

type Received = Content & { readonly body: Buffer };

interface UploadPorts {
  readonly store: Pick<JournalStore, 'putContent' | 'uploads'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes contents in before the pushes that name them. */
export class Uploads {
  readonly #ports: UploadPorts;
  readonly #bounds: UploadBounds;
  readonly #room: HeldBytes;

  constructor(ports: UploadPorts, bounds = usualBounds) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#room = new HeldBytes(bounds);
  }

  /**
   * Reads a request's body and stores it under the digest, if that is what it has. A body that is there already is read
   * all the same: whoever has not the content itself shall not learn that others have it.
   */
  async take(request: IncomingMessage, session: Session, digest: string): Promise<Result<null, Problem>> {
    if (!mayPushAtAll(session)) {
      return refuse(problemOf('forbidden', { detail: 'Only a developer’s or admin’s session may push.' }));
    }
    const length = lengthOf(request);
    if (length === undefined) return refuse(lengthless);
    if (length > limits.contentBytes) return refuse(tooLarge);
    const { tenant, subject } = session;
    const { clock, store } = this.#ports;
    const giveBack = this.#room.take(`${tenant} ${subject}`, length);
    if (giveBack === undefined) {
      const detail = 'As much is being uploaded as fits at a time.';
      return refuse(problemOf('unavailable', { detail, retryAfter: 1 }));
    }
    try {
      const waiting = await store.uploads(tenant, subject);
      const excess = this.#excessOf(waiting, digest, this.#room.of(`${tenant} ${subject}`));
      if (excess !== undefined) return refuse(excess);
      const received = await receive(request, length, clock);
      if (!received.ok) return received;
      if (received.value.digest !== digest) {
        const detail = 'What came has another digest than the one that it was sent under.';
        return refuse(problemOf('invalid-request', { path: '/digest', detail }));
      }
      await store.putContent(tenant, received.value, { subject, at: clock.now() });
      return ok(null);
    } catch (error) {
      this.#ports.log.error(factsOf(error), 'A content could not be stored.');
      return refuse(problemOf('journal-unavailable', { retryAfter: 1 }));
    } finally {
      giveBack();
    }
  }

  /** @param coming bytes of this subject that are on their way, this upload's included. */
  #excessOf(waiting: ReadonlyMap<string, number>, digest: string, coming: number): Problem | undefined {
    if (waiting.has(digest)) return undefined;
    let bytes = coming;
    for (const size of waiting.values()) bytes += size;
    const { waitingBytes, waitingContents } = this.#bounds;
    if (bytes <= waitingBytes && waiting.size < waitingContents) return undefined;
    const detail = `${waiting.size} contents that you uploaded wait for a push that names them, and no more fit. Push them; what is not pushed is let go of after a day.`;
    return problemOf('too-large', { detail });
  }
}

/** Reads as much as was announced, and only as long as it comes at some pace; it is hashed on the way. */
const receive = (
  request: IncomingMessage,
  length: number,
  clock: Clock,
): Promise<Result<Received, Problem>> =>
  new Promise((resolve) => {
    if (request.destroyed) {
      // That it has ended was said before anybody listened here, and is not said again.
      resolve(refuse(brokenOff));
      return;
    }
    const hash = createHash('sha256');
    const body = Buffer.allocUnsafeSlow(length);
    let at = 0;
    const end = (result: Result<Received, Problem>): void => {
      pace.over();
      request.off('data', take);
      resolve(result);
    };
    const pace = new Pace(clock, () => end(refuse(tooSlow)));
    const take = (part: Buffer): void => {
      if (at + part.length > length) {
        end(refuse(tooLarge));
        return;
      }
      pace.moved(part.length);
      hash.update(part);
      at += part.copy(body, at);
    };
    request.on('data', take);
    request.once('end', () =>
      end(at === length ? ok({ body, digest: `sha256-${hash.digest('base64url')}` }) : refuse(brokenOff)),
    );
    request.once('close', () => end(refuse(brokenOff)));
  });

/** What is read is as long as was said: it is what room was made for. */
const lengthOf = ({ headers }: IncomingMessage): number | undefined => {
  const length = Number(headers['content-length']);
  return Number.isSafeInteger(length) ? length : undefined;
};

const tooLarge = problemOf('too-large', {
  detail: `A content has at most ${limits.contentBytes} bytes. Split it, or put it into the served base instead.`,
});
const lengthless = problemOf('invalid-request', {
  path: '/headers/content-length',
  detail: 'Say how long the content is.',
});
const tooSlow = problemOf('timeout', { detail: 'It came too slowly.' });
const brokenOff = problemOf('invalid-request', { detail: 'It broke off.' });
