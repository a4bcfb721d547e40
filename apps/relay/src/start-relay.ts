import type { HistoryReader, JournalStore } from '@cd-push/store';

import { assemble, type Parts } from './assemble.ts';
import { ApiAuthority } from './authority/api-authority.ts';
import type { Authority } from './authority/authority.ts';
import { systemClock, type Clock } from './clock.ts';
import { Admission } from './doors/admission.ts';
import { expectSoon, hostOf, hostsOf, listen, serverOf, type TlsOptions } from './doors/http-server.ts';
import { healthAnswer } from './health.ts';
import { openStore, type JournalPlace } from './journal/open-store.ts';
import { guardedLog, jsonLog, type Log } from './log.ts';
import { newNodeId } from './nodes/node-id.ts';
import type { RedisOptions } from './nodes/redis-link.ts';
import type { RateLimits } from './peers/rate.ts';
import { keepHouse, type RetentionOptions } from './tracks/housekeeping.ts';
import { untilItWorks } from './until-it-works.ts';

interface CommonOptions {
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Origins of pages that may connect, each exactly as a browser writes it. */
  readonly allowedOrigins: readonly string[];
  /** Values of the Host header besides the address listened on, such as a public name behind a proxy. */
  readonly allowedHosts?: readonly string[];
  /** Proxies whose `X-Forwarded-For` is believed: addresses, networks, or `loopback`, `uniquelocal`. None by default. */
  readonly trustedProxies?: readonly string[];
  /** Whether existing Corpdesk clients may connect. */
  readonly legacy?: 'off' | 'on';
  readonly rate?: RateLimits;
  /** Where what was promised is kept, or what is open already and ends with the relay. */
  readonly journal: JournalPlace | JournalStore;
  readonly retention?: RetentionOptions;
  /** Wakes relays that share a journal; without it, and while it is away, each looks every two seconds. */
  readonly redis?: RedisOptions;
  /** Without it the relay speaks plain HTTP, as behind a proxy or on loopback. */
  readonly tls?: TlsOptions;
  /** JSON lines on standard output by default. */
  readonly logger?: Log;
  readonly clock?: Clock;
  /** Gives up starting, where the api does not answer. */
  readonly signal?: AbortSignal;
}

/** Where the relay gets its authority from: the api by HTTP, or another one in this process. */
type AuthorityOptions =
  | {
      readonly apiUrl: string;
      readonly serviceCredential: { readonly id: string; readonly secret: string };
    }
  | { readonly authority: Authority };

export type RelayOptions = CommonOptions & AuthorityOptions;

export interface Relay {
  /** Where clients connect, without a trailing slash. */
  readonly url: string;
  /** Reads what was pushed, for an api in the same process. */
  readonly history: HistoryReader;
  /** Takes nothing any more, finishes what it has taken, tells every peer to come back elsewhere, and stops. */
  close(): Promise<void>;
  /** Once it is closed: whether it stopped before everything was finished, because that took too long. */
  readonly wasCutOff: boolean;
}

/** How long a relay that stops waits for what it has taken to be finished, and then until it is written who has left. */
const finishWithinMs = 5_000;
const leaveWithinMs = 1_000;
/** A journal that takes longer for its offset is not there. */
const answerWithinMs = 1_000;

/**
 * Starts a relay. It listens at once, so that its health can be asked for, and resolves when the api has certified it.
 *
 * @throws StoreError where the journal cannot be opened; Error where the port is taken; the signal's reason.
 */
export const startRelay = async (options: RelayOptions): Promise<Relay> => {
  const clock = options.clock ?? systemClock;
  const log = guardedLog(options.logger ?? jsonLog({ level: 'info' }), () => clock.now());
  const authority = 'authority' in options ? options.authority : new ApiAuthority(options, clock, log);
  const node = newNodeId();
  const store = await openStore(options.journal, node, clock);

  const admission = new Admission(options.allowedOrigins, options.allowedHosts ?? []);
  const parts = await assemble({
    authority,
    store,
    node,
    admission,
    clock,
    log,
    legacy: options.legacy ?? 'off',
    rate: options.rate,
    trustedProxies: options.trustedProxies ?? [],
    redis: options.redis,
  });
  const { door, contents, journal, tracker, nodes } = parts;

  let isReady = false;
  const server = serverOf(options.tls, (request, response) => {
    if (contents.handles(request)) {
      contents.request(request, response);
      return;
    }
    expectSoon(request);
    if (door.handles(request)) door.request(request, response);
    else void healthAnswer(request, response, async () => isReady && (await answers(store)));
  });
  server.on('upgrade', (request, socket, head) => {
    if (door.handles(request)) door.upgrade(request, socket, head);
    else socket.destroy();
  });

  const stopped = new AbortController();
  let stopHouse = (): void => {};
  let wasCutOff = false;
  const stop = async (): Promise<void> => {
    isReady = false;
    stopped.abort();
    stopHouse();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    wasCutOff = !(await drain(parts));
    if (wasCutOff) log.error({}, 'What was taken could not be finished in time.');
    await door.close();
    server.closeAllConnections();
    await closed;
    parts.close();
    await within(journal.idle(), leaveWithinMs);
    await journal.close();
  };
  let stopping: Promise<void> | undefined;
  const close = (): Promise<void> => (stopping ??= stop());

  try {
    const host = options.host ?? '127.0.0.1';
    const port = await listen(server, host, options.port);
    admission.allowHosts(hostsOf(host, port));
    const url = `${options.tls === undefined ? 'http' : 'https'}://${hostOf(host)}:${port}`;
    log.info({ url, node }, 'The relay listens.');
    await untilItWorks(() => nodes.start(), 'The journal cannot be followed yet.', log, options.signal);
    stopHouse = keepHouse({ journal, store, tracker, clock, log, retention: options.retention ?? {} });
    let following = new AbortController();
    await untilItWorks(
      async () => {
        following.abort();
        following = new AbortController();
        await certify(parts, authority, store, AbortSignal.any([stopped.signal, following.signal]));
      },
      'The api has not certified this relay yet.',
      log,
      options.signal,
    );
    isReady = true;
    log.info({ url, legacy: options.legacy ?? 'off' }, 'The relay is ready.');
    return {
      url,
      history: store,
      close,
      get wasCutOff() {
        return wasCutOff;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Gets everything from the api that is needed before anybody can be let in. */
const certify = async (
  { identity, changes, policies, heads }: Parts,
  authority: Authority,
  store: JournalStore,
  signal: AbortSignal,
): Promise<void> => {
  const { root } = await identity.certify();
  policies.read(await store.policies(root.tenant));
  await heads.sign();
  await authority.follow(changes, signal);
  await changes.load();
};

/** Finishes what was taken, and tells every peer to come back elsewhere; answers whether all was finished. */
const drain = async ({ door, journal, peers }: Parts): Promise<boolean> => {
  const finishing = door
    .drain()
    .then(() => journal.idle())
    .then(() => true);
  const isFinished = await within(finishing, finishWithinMs);
  for (const peer of peers.all()) peer.outlet.cut('drain');
  return isFinished ?? false;
};

const answers = async (store: JournalStore): Promise<boolean> => {
  const offset = store.offset().then(
    () => true,
    () => false,
  );
  return (await within(offset, answerWithinMs)) ?? false;
};

/** Waits for something, but no longer than this; by the time of this machine, whatever clock the relay goes by. */
const within = <Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
