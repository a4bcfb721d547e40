import type { IncomingMessage, ServerResponse } from 'node:http';

import { problemOf, type Problem } from '@cd-push/protocol';
import type { JournalStore } from '@cd-push/store';

import { payerOf, type Session } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Admission } from '../doors/admission.ts';
import type { Asking } from '../doors/asking.ts';
import { bearerOf } from '../doors/bearer.ts';
import type { ClientAddress } from '../doors/client-address.ts';
import { expectSoon } from '../doors/http-server.ts';
import { factsOf, type Log } from '../log.ts';
import { costOfBytes, type Rate } from '../peers/rate.ts';
import { giveOut } from './give-out.ts';
import { HeldBytes } from './held-bytes.ts';
import { mayRead } from './may-read.ts';
import { SharedContents } from './shared-contents.ts';
import { Uploads } from './take-upload.ts';

interface ContentDoorPorts {
  readonly admission: Admission;
  readonly asking: Asking;
  readonly addressOf: ClientAddress;
  /** Who a token stands for now. Never rejects. */
  readonly vouch: (token: string | undefined) => Promise<{ session: Session } | { problem: Problem }>;
  readonly rate: Rate;
  readonly store: Pick<JournalStore, 'content' | 'stored' | 'putContent' | 'uploads' | 'resourcesWith'>;
  readonly clock: Clock;
  readonly log: Log;
}

const path = '/contents/';
const contentPath = /^\/contents\/(sha256-[A-Za-z0-9_-]{43})$/;
const methods = 'GET, HEAD, PUT';
/** Seconds for which a browser need not ask again what it may send. */
const preflightSeconds = '600';
/** Bytes that are given out to one subject at a time. */
const givenToOne = 128 * 1024 * 1024;
/** How long the rest of a refused body is still read, so that the refusal is. */
const lingerMs = 2_000;

/**
 * Contents by their digests over HTTP, for what fits no envelope: `PUT` before a push names it, `GET` and `HEAD` for those
 * who may read it. Whose request it is follows from its bearer token alone, which stands in a header and never in a URL.
 */
export class ContentDoor {
  readonly #ports: ContentDoorPorts;
  readonly #shared: SharedContents;
  readonly #given = new HeldBytes({ inAll: Number.POSITIVE_INFINITY, ofOne: givenToOne });
  readonly #uploads: Uploads;

  constructor(ports: ContentDoorPorts) {
    this.#ports = ports;
    this.#shared = new SharedContents(ports.store);
    this.#uploads = new Uploads(ports);
  }

  /** Answers requests of this door's path; others are left to the caller. */
  handles({ url = '' }: IncomingMessage): boolean {
    return url.startsWith(path);
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'PUT') expectSoon(request);
    this.#answer(request, response).catch((error: unknown) => {
      this.#ports.log.error(factsOf(error), 'A request for a content could not be answered.');
      if (response.headersSent) response.destroy();
      else refuse(request, response, problemOf('internal'));
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { admission, asking, addressOf, vouch, rate, log } = this.#ports;
    const stranger = admission.refusal(request);
    if (stranger !== undefined) {
      log.warn({ kind: stranger.kind, path: stranger.path }, 'A request was refused at the door.');
      return refuse(request, response, stranger);
    }
    allowPage(request, response);
    if (request.method === 'OPTIONS') return answerPreflight(response);
    const digest = contentPath.exec(request.url ?? '')?.[1];
    if (digest === undefined) return refuse(request, response, unknown);
    const vouched = await asking.ask(addressOf(request), () => vouch(bearerOf(request)));
    if ('problem' in vouched) return refuse(request, response, vouched.problem);
    const { session } = vouched;
    const limited = rate.take(payerOf(session));
    if (limited !== undefined) return refuse(request, response, limited);
    switch (request.method ?? 'GET') {
      case 'PUT':
        return this.#put(request, response, session, digest);
      case 'GET':
      case 'HEAD':
        return this.#get(request, response, session, digest);
      default: {
        response.setHeader('allow', methods);
        return refuse(request, response, problemOf('invalid-request', { detail: `Only ${methods}.` }));
      }
    }
  }

  async #put(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session,
    digest: string,
  ): Promise<void> {
    const taken = await this.#uploads.take(request, session, digest);
    if (taken.ok) response.writeHead(204, { etag: `"${digest}"` }).end();
    else refuse(request, response, taken.problem);
  }

  async #get(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session,
    digest: string,
  ): Promise<void> {
    const { store, rate, clock } = this.#ports;
    const { tenant, subject } = session;
    const bytes = (await mayRead(session, digest, store))
      ? (await store.stored(tenant, [digest])).get(digest)
      : undefined;
    if (bytes === undefined) return refuse(request, response, unknown);
    const headers = {
      etag: `"${digest}"`,
      // What has this digest never changes; who may have it does, so that no cache but the asker's own keeps it.
      'cache-control': 'private, max-age=31536000, immutable',
      vary: 'Origin, Authorization',
    };
    if (request.headers['if-none-match'] === headers.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const described = {
      ...headers,
      'content-type': 'application/octet-stream',
      'content-length': bytes,
      'x-content-type-options': 'nosniff',
    };
    if (request.method === 'HEAD') {
      response.writeHead(200, described).end();
      return;
    }
    // Whoever has left meanwhile takes no room, and nothing is read for them.
    if (response.destroyed) return;
    const giveBack = this.#given.take(`${tenant} ${subject}`, bytes);
    const hold = giveBack && this.#shared.hold(tenant, digest, bytes);
    try {
      if (hold === undefined) return refuse(request, response, busy);
      const body = await hold.body;
      if (body === undefined) return refuse(request, response, unknown);
      rate.charge(payerOf(session), costOfBytes(bytes));
      response.writeHead(200, described);
      await giveOut(response, body, clock);
    } finally {
      hold?.release();
      giveBack?.();
    }
  }
}

/** Lets a page of a listed origin read the answer. */
const allowPage = ({ headers }: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('vary', 'Origin');
  if (headers.origin === undefined) return;
  response.setHeader('access-control-allow-origin', headers.origin);
  response.setHeader('access-control-expose-headers', 'etag, retry-after');
};

const answerPreflight = (response: ServerResponse): void => {
  response
    .writeHead(204, {
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'authorization, content-type, if-none-match',
      'access-control-max-age': preflightSeconds,
    })
    .end();
};

/** Answers with a problem. What of a body still comes is read for a moment, or its sender would not hear of it. */
const refuse = (request: IncomingMessage, response: ServerResponse, problem: Problem): void => {
  const { retryAfter } = problem;
  response
    .writeHead(problem.status, {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
      ...(request.complete ? {} : { connection: 'close' }),
    })
    .end(request.method === 'HEAD' ? undefined : JSON.stringify(problem));
  if (request.complete) return;
  request.resume();
  const cut = setTimeout(() => request.destroy(), lingerMs).unref();
  request.once('close', () => clearTimeout(cut));
};

/** Of what there is not, and of what somebody may not know of. */
const unknown = problemOf('not-found', { detail: 'Nothing lies here for this session.' });
const busy = problemOf('unavailable', {
  detail: 'As much is being fetched as fits at a time.',
  retryAfter: 1,
});
