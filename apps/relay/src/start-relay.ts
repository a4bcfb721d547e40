import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { ApiAuthority } from './authority/api-authority.ts';
import { AppliedChanges } from './authority/apply-changes.ts';
import type { Authority } from './authority/authority.ts';
import { Directory } from './authority/directory.ts';
import { Introspections } from './authority/introspections.ts';
import { RelayIdentity } from './authority/relay-identity.ts';
import { systemClock, type Clock } from './clock.ts';
import { Admission } from './doors/admission.ts';
import { LegacyDialect } from './doors/legacy-dialect.ts';
import { SocketIoDoor } from './doors/socket-io-door.ts';
import { healthAnswer } from './health.ts';
import { MemoryJournal } from './journal/memory-journal.ts';
import { DeliveryLine } from './line/delivery-line.ts';
import { Emission } from './line/emit.ts';
import { factsOf, guardedLog, jsonLog, type Log } from './log.ts';
import { Ended } from './peers/ended.ts';
import { SessionExpiry } from './peers/expiry.ts';
import { LegacyObjects } from './peers/legacy-objects.ts';
import { Peers } from './peers/peers.ts';
import { defaultRate, Rate, type RateLimits } from './peers/rate.ts';
import { RelayReception } from './reception.ts';
import { Absence } from './tracks/absence.ts';
import { Acknowledgements } from './tracks/acknowledge.ts';
import { keepHouse } from './tracks/housekeeping.ts';
import { Notices } from './tracks/notices.ts';
import { Tracker } from './tracks/tracker.ts';

interface CommonOptions {
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Origins of pages that may connect, each exactly as a browser writes it. */
  readonly allowedOrigins: readonly string[];
  /** Values of the Host header besides the address listened on, such as a public name behind a proxy. */
  readonly allowedHosts?: readonly string[];
  /** Whether existing Corpdesk clients may connect. */
  readonly legacy?: 'off' | 'on';
  readonly rate?: RateLimits;
  /** PEM texts; without them it speaks plain HTTP, as behind a proxy or on loopback. */
  readonly tls?: { readonly key: string; readonly cert: string };
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
  /** Tells every peer to come back elsewhere, and stops. */
  close(): Promise<void>;
}

/** How soon to try again where the api does not answer yet. */
const retryMs = 250;

/**
 * Starts a relay. It listens at once, so that its health can be asked for, and resolves when the api has certified it.
 *
 * @throws Error where the port is taken; the signal's reason.
 */
export const startRelay = async (options: RelayOptions): Promise<Relay> => {
  const clock = options.clock ?? systemClock;
  const log = guardedLog(options.logger ?? jsonLog({ level: 'info' }), () => clock.now());
  const authority = 'authority' in options ? options.authority : new ApiAuthority(options, clock, log);

  const directory = new Directory();
  const peers = new Peers();
  const ended = new Ended();
  const journal = new MemoryJournal();
  const identity = new RelayIdentity(authority, clock, log);
  const notices = new Notices({
    notice: (push, event, notice) => {
      if (
        legacy?.notice(
          push,
          event,
          notice.recipients.map(({ recipient }) => recipient),
        ) === true
      )
        return;
      for (const { outlet } of peers.ofSession(push.accepted.sender.session)) outlet.emit(event, notice);
    },
  });
  const tracker = new Tracker(journal, notices);
  const legacy =
    options.legacy === 'on'
      ? new LegacyDialect({
          objects: new LegacyObjects({ directory, peers, journal, clock }),
          directory,
          journal,
          tracker,
          clock,
          log,
        })
      : undefined;
  const absence = new Absence(journal, tracker, clock, log);
  const expiry = new SessionExpiry(clock);
  const emission = new Emission({
    peers,
    journal,
    tracker,
    clock,
    log,
    broadcast: (...message) => door.broadcast(...message),
  });
  const line = new DeliveryLine({ identity, directory, journal, peers, tracker, emission, clock, log });
  const introspections = new Introspections(authority);
  const reception = new RelayReception({
    introspections,
    identity,
    directory,
    peers,
    journal,
    tracker,
    emission,
    absence,
    ended,
    clock,
    log,
    line,
    acknowledgements: new Acknowledgements(journal, tracker, clock),
    expiry,
    rate: new Rate(options.rate ?? defaultRate, clock),
    legacy,
  });
  const admission = new Admission(options.allowedOrigins, options.allowedHosts ?? []);
  const door = new SocketIoDoor(admission, reception, log, {
    longPolling: options.legacy === 'on',
  });
  const changes = new AppliedChanges({
    authority,
    introspections,
    identity,
    directory,
    peers,
    ended,
    journal,
    tracker,
    clock,
    log,
    accounts: options.legacy === 'on',
  });
  const stopped = new AbortController();

  let isReady = false;
  const server = serverOf(options.tls, (request, response) => {
    if (door.handles(request)) door.request(request, response);
    else healthAnswer(request, response, isReady);
  });
  server.on('upgrade', (request, socket, head) => {
    if (door.handles(request)) door.upgrade(request, socket, head);
    else socket.destroy();
  });

  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, host, options.port);
  admission.allowHosts(hostsOf(host, port));
  const url = `${options.tls === undefined ? 'http' : 'https'}://${hostOf(host)}:${port}`;
  log.info({ url }, 'The relay listens.');

  const stopHouse = keepHouse(journal, tracker, clock, log);
  const close = async (): Promise<void> => {
    stopped.abort();
    isReady = false;
    for (const peer of peers.all()) peer.outlet.cut('drain');
    changes.close();
    identity.close();
    stopHouse();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await door.close();
    server.closeAllConnections();
    await closed;
    absence.close();
    await journal.close();
  };

  let following = new AbortController();
  try {
    await untilItWorks(
      async () => {
        await identity.certify();
        const attempt = new AbortController();
        following.abort();
        following = attempt;
        await authority.follow(changes, AbortSignal.any([stopped.signal, attempt.signal]));
        await changes.load();
      },
      log,
      options.signal,
    );
  } catch (error) {
    await close();
    throw error;
  }
  isReady = true;
  log.info({ url, legacy: options.legacy ?? 'off' }, 'The relay is ready.');
  return { url, close };
};

const untilItWorks = async (
  attempt: () => Promise<void>,
  log: Log,
  signal: AbortSignal | undefined,
): Promise<void> => {
  for (;;) {
    signal?.throwIfAborted();
    try {
      await attempt();
      return;
    } catch (error) {
      log.warn(factsOf(error), 'The api has not certified this relay yet.');
      await new Promise((resolve) => {
        setTimeout(resolve, retryMs);
      });
    }
  }
};

/** A peer that does not get its request's head across in this time is not waited for. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

const serverOf = (tls: CommonOptions['tls'], answer: RequestListener): Server =>
  tls === undefined ? createHttpServer(timeouts, answer) : createHttpsServer({ ...timeouts, ...tls }, answer);

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

const hostOf = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

/** The names by which this machine itself knows the address; browsers leave a scheme's own port out. */
const hostsOf = (host: string, port: number): string[] =>
  [hostOf(host), 'localhost', '127.0.0.1', '[::1]'].flatMap((name) =>
    port === 80 || port === 443 ? [name, `${name}:${port}`] : [`${name}:${port}`],
  );
