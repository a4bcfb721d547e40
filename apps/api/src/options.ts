import type { Grant } from '@cd-push/protocol';
import type { HistoryReader, Store, UserRole } from '@cd-push/store';

import type { DatabasePlace } from './open-store.ts';

/** A user that is there from the start; for one's own machine alone. */
export interface SeedUser {
  readonly userName: string;
  readonly password: string;
  readonly grants: readonly Grant[];
  readonly roles: readonly UserRole[];
}

/** Tries per minute; what goes beyond is `rate-limited`. */
export interface RateLimits {
  /** Sign-ins under one user name from one address; ten times as many from wherever they come. Default 10. */
  readonly loginsPerName: number;
  /** Sign-ins from one address. Default 30. */
  readonly loginsPerAddress: number;
  /** Other requests without a session from one address: challenge, refresh, enrol, runtime token. Default 600. */
  readonly requestsPerAddress: number;
}

export interface ApiOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Where things are kept, one of three: an SQLite file of its own, */
  readonly dataFile?: string;
  /** a PostgreSQL database, which other processes of this api may share, */
  readonly database?: DatabasePlace;
  /** or a store that is open already and is not closed with the api. */
  readonly store?: Store;
  /**
   * URL by which everyone knows this api, and the name under which it signs. Runtimes pin it, so it must stay the same
   * over restarts. Default: where it listens.
   */
  readonly issuer?: string;
  /** Default `default`. */
  readonly tenant?: string;
  /**
   * Where what was pushed is read: the database that relays share, or a reader that is open elsewhere, as soon as it is.
   * Without one, history is `unavailable` here.
   */
  readonly history?: DatabasePlace | (() => HistoryReader | undefined);
  /** Origins whose pages may call, such as `https://app.example`; the api's own always may. */
  readonly allowedOrigins?: readonly string[];
  /** Hosts (`name` or `name:port`) under which it may be called besides the issuer's and where it listens. */
  readonly allowedHosts?: readonly string[];
  /** What relays authenticate with. Without one nothing is answered to services. */
  readonly serviceCredential?: { readonly id: string; readonly secret: string };
  /** Where clients find the relay; told in /.well-known/cd-push. */
  readonly relayUrl?: string;
  /** Only accepted on a loopback address; warned of in the log. */
  readonly seed?: SeedUser;
  /** Answers the sign-in of existing clients at `POST /api`. Default false. */
  readonly legacyLogin?: boolean;
  /** PEM texts; without them it speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Takes the client's address from `X-Forwarded-For` of these proxies' addresses. */
  readonly trustedProxies?: readonly string[];
  readonly rateLimits?: Partial<RateLimits>;
  /** Days for which rows of the audit are kept. Default 365. */
  readonly auditDays?: number;
  /** Seconds for which an access token holds. Default 900. */
  readonly accessTokenSeconds?: number;
  /** Seconds for which a certificate lets its key sign. Default 12 hours. */
  readonly certificateSeconds?: number;
  /** pino's level. Default `info`. */
  readonly logLevel?: string;
  /** Where log lines go. Default: standard error. */
  readonly logStream?: { write(line: string): void };
  /** Milliseconds since the epoch. Default: this machine's clock. */
  readonly clock?: () => number;
}

/** Options with nothing left open but the issuer, whose default is the URL that the port completes. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly issuer: string | undefined;
  readonly tenant: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly serviceCredential: { readonly id: string; readonly secret: string } | undefined;
  readonly relayUrl: string | undefined;
  readonly legacyLogin: boolean;
  readonly rateLimits: RateLimits;
  readonly auditMs: number;
  readonly accessTokenSeconds: number;
  readonly certificateMs: number;
}

/** @throws {TypeError} for options that contradict each other or would not be safe. */
export const settingsOf = (options: ApiOptions): Settings => {
  const host = options.host ?? '127.0.0.1';
  if (options.seed !== undefined && !isLoopback(host)) {
    throw new TypeError(`A seeded user is for one's own machine alone; ${host} is reached from elsewhere.`);
  }
  const secret = options.serviceCredential?.secret;
  if (secret !== undefined && secret.length < 32) {
    throw new TypeError(
      'The service secret needs at least 32 characters; make one with `openssl rand -base64 32`.',
    );
  }
  for (const origin of options.allowedOrigins ?? []) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(`"${origin}" is not an origin; write it as scheme://host[:port] and nothing more.`);
    }
  }
  if (options.issuer !== undefined && !isIssuer(options.issuer)) {
    throw new TypeError(
      `"${options.issuer}" is no issuer; write an http or https URL without query, hash or closing slash.`,
    );
  }
  return {
    host,
    port: options.port ?? 0,
    issuer: options.issuer,
    tenant: options.tenant ?? 'default',
    allowedOrigins: options.allowedOrigins ?? [],
    allowedHosts: options.allowedHosts ?? [],
    serviceCredential: options.serviceCredential,
    relayUrl: options.relayUrl,
    legacyLogin: options.legacyLogin ?? false,
    rateLimits: { loginsPerName: 10, loginsPerAddress: 30, requestsPerAddress: 600, ...options.rateLimits },
    auditMs: (options.auditDays ?? 365) * 24 * 60 * 60 * 1000,
    accessTokenSeconds: options.accessTokenSeconds ?? 900,
    certificateMs: (options.certificateSeconds ?? 12 * 60 * 60) * 1000,
  };
};

/** Whether only this machine reaches the address. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

const isIssuer = (issuer: string): boolean =>
  /^https?:\/\//.test(issuer) && URL.canParse(issuer) && !/[?#]|\/$/.test(issuer);
