import { epochMs } from '@cd-push/protocol';
import { openSqliteStore, type Store } from '@cd-push/store';
import type { FastifyInstance } from 'fastify';

import type { Api } from './context.ts';
import { loadIssuer } from './identity/issuer.ts';
import { Nonces } from './identity/nonces.ts';
import { hashPassword, verifyPassword } from './identity/password.ts';
import { newSecret } from './identity/secrets.ts';
import { Tokens } from './identity/tokens.ts';
import { isLoopback, settingsOf, type ApiOptions, type SeedUser, type Settings } from './options.ts';
import { changesRoute } from './routes/changes.ts';
import { challengeRoute } from './routes/challenge.ts';
import { enrolRoute } from './routes/enrol.ts';
import { introspectRoute } from './routes/introspect.ts';
import { joinCodeRoutes } from './routes/join-codes.ts';
import { legacyLoginRoute } from './routes/legacy-login.ts';
import { loginRoute } from './routes/login.ts';
import { logoutRoute } from './routes/logout.ts';
import { refreshRoute } from './routes/refresh.ts';
import { relayRoutes } from './routes/relay.ts';
import { runtimeTokenRoute } from './routes/runtime-token.ts';
import { runtimeRoutes } from './routes/runtimes.ts';
import { sessionRoute } from './routes/session.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { triggerRoutes } from './routes/triggers.ts';
import { userRoutes } from './routes/users.ts';
import { wellKnownRoutes } from './routes/well-known.ts';
import { buildApp } from './server/app.ts';
import { hostsOf, type Door } from './server/door.ts';
import { pruneChanges } from './server/prune-changes.ts';
import { registerRateGuards } from './server/rate-guards.ts';

/** An api that listens. */
export interface RunningApi {
  /** Where it listens. */
  readonly url: string;
  /** The name under which it signs. */
  readonly issuer: string;
  /** Ends streams and requests under way, and closes the store where the api opened it. */
  close(): Promise<void>;
}

/**
 * Starts the api and resolves once it listens.
 *
 * @throws {TypeError} for options that contradict each other or are unsafe.
 * @throws {StoreError} where the data file is in use, of a newer version, or something else.
 */
export const startApi = async (options: ApiOptions): Promise<RunningApi> => {
  const settings = settingsOf(options);
  const owned = await openStore(options);
  const store = owned ?? options.store;
  if (store === undefined) throw new TypeError('The api needs a dataFile or a store.');
  try {
    const app = await assemble(options, settings, store);
    return {
      url: app.url,
      issuer: app.issuer,
      close: async () => {
        app.stopPruning();
        await app.fastify.close();
        await owned?.close();
      },
    };
  } catch (error) {
    await owned?.close();
    throw error;
  }
};

const openStore = async ({ dataFile, store }: ApiOptions): Promise<Store | undefined> => {
  if (dataFile === undefined) return undefined;
  if (store !== undefined) throw new TypeError('Give the api a dataFile or a store, not both.');
  return openSqliteStore(dataFile);
};

const assemble = async (options: ApiOptions, settings: Settings, store: Store) => {
  const clock = options.clock ?? Date.now;
  const now = () => epochMs(clock());
  const issuer = await loadIssuer(store.issuerKeys, now());
  const door: Door = { origins: new Set(settings.allowedOrigins), hosts: new Set(settings.allowedHosts) };
  const app = await buildApp(options, issuer, door);

  let issuerName = settings.issuer;
  const { tenant } = settings;
  const named = (): string => {
    if (issuerName === undefined) throw new Error('The issuer’s name is known once the server listens.');
    return issuerName;
  };
  const api: Api = {
    settings,
    store,
    issuer,
    tokens: new Tokens({
      jwt: app.jwt,
      issuer,
      issuerName: named,
      tenant,
      ttlSeconds: settings.accessTokenSeconds,
    }),
    nonces: new Nonces(),
    rates: await registerRateGuards(app, settings.rateLimits),
    decoyHash: await hashPassword(newSecret()),
    issuerName: named,
    certifier: () => ({ issuer: named(), tenant, key: issuer.signing.key }),
    now,
  };
  await registerRoutes(app, api);
  if (options.seed !== undefined) {
    await ensureSeed(api, options.seed);
    app.log.warn(
      { userName: options.seed.userName },
      'a seeded user can sign in; this is for one’s own machine alone',
    );
  }

  const url = await app.listen({ host: settings.host, port: settings.port });
  issuerName ??= url;
  openDoor(door, [new URL(url), new URL(issuerName)], settings.host);
  const stopPruning = pruneChanges(store.changes, now, (error) =>
    app.log.error({ err: error }, 'old changes could not be let go of'),
  );
  return { fastify: app, url, issuer: issuerName, stopPruning };
};

const registerRoutes = async (app: FastifyInstance, api: Api): Promise<void> => {
  const routes = [
    challengeRoute,
    loginRoute,
    refreshRoute,
    logoutRoute,
    sessionRoute,
    enrolRoute,
    runtimeTokenRoute,
    introspectRoute,
    wellKnownRoutes,
    relayRoutes,
    changesRoute,
    joinCodeRoutes,
    subscriptionRoutes,
    triggerRoutes,
    userRoutes,
    runtimeRoutes,
    ...(api.settings.legacyLogin ? [legacyLoginRoute] : []),
  ];
  for (const route of routes) await app.register(route(api));
};

/** The api is always reached under its own names, and a loopback address under all of its. */
const openDoor = (door: Door, urls: readonly URL[], host: string): void => {
  for (const url of urls) {
    door.origins.add(url.origin);
    for (const name of hostsOf(url)) door.hosts.add(name);
    if (!isLoopback(host)) continue;
    for (const alias of ['localhost', '127.0.0.1', '[::1]']) {
      const same = new URL(url);
      if (!isLoopback(url.hostname)) continue;
      same.hostname = alias;
      for (const name of hostsOf(same)) door.hosts.add(name);
    }
  }
};

const ensureSeed = async ({ store, now }: Api, seed: SeedUser): Promise<void> => {
  const { userName, password, roles, grants } = seed;
  const at = now();
  const found = await store.users.findForLogin(userName);
  if (found === undefined) {
    await store.users.create({
      name: userName,
      passwordHash: await hashPassword(password),
      roles,
      grants,
      at,
    });
    return;
  }
  const { user, passwordHash } = found;
  if (!(await verifyPassword(password, passwordHash)).holds) {
    await store.users.setPasswordHash(user.id, await hashPassword(password));
  }
  await store.users.setRoles(user.id, roles, at);
  await store.users.setGrants(user.id, grants, at);
};
