import { epochMs } from '@cd-push/protocol';
import { openPostgresHistory, type HistoryReader, type Store } from '@cd-push/store';
import type { FastifyInstance } from 'fastify';

import { RefusedLogins } from './audit/refused-logins.ts';
import { tieChains } from './audit/tie-chains.ts';
import { userMadeEntry } from './audit/entries.ts';
import type { Api } from './context.ts';
import { holdName, loadIssuer } from './identity/issuer.ts';
import { Nonces } from './identity/nonces.ts';
import { hashPassword, verifyPassword } from './identity/password.ts';
import { newSecret } from './identity/secrets.ts';
import { Tokens } from './identity/tokens.ts';
import { openStore } from './open-store.ts';
import { isLoopback, settingsOf, type ApiOptions, type SeedUser, type Settings } from './options.ts';
import { auditRoute } from './routes/audit.ts';
import { changesRoute } from './routes/changes.ts';
import { challengeRoute } from './routes/challenge.ts';
import { enrolRoute } from './routes/enrol.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { identityRoutes } from './routes/identities.ts';
import { identityLogRoutes } from './routes/identity-log.ts';
import { introspectRoute } from './routes/introspect.ts';
import { joinCodeRoutes } from './routes/join-codes.ts';
import { legacyLoginRoute } from './routes/legacy-login.ts';
import { logoutRoute } from './routes/logout.ts';
import { relayRoutes } from './routes/relay.ts';
import { runtimeTokenRoute } from './routes/runtime-token.ts';
import { runtimeRoutes } from './routes/runtimes.ts';
import { sessionRoute } from './routes/session.ts';
import { sessionsRoutes } from './routes/sessions.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { triggerRoutes } from './routes/triggers.ts';
import { userRoutes } from './routes/users.ts';
import { wellKnownRoutes } from './routes/well-known.ts';
import { buildApp } from './server/app.ts';
import { ChangeWatch } from './server/change-watch.ts';
import { closeGracefully } from './server/closing.ts';
import { hostsOf, type Door } from './server/door.ts';
import { letGoOfOldRows } from './server/old-rows.ts';
import { registerRateGuards } from './server/rate-guards.ts';

/** An api that listens. */
export interface RunningApi {
  /** Where it listens. */
  readonly url: string;
  /** The name under which it signs. */
  readonly issuer: string;
  /**
   * Takes no more connections, ends streams, answers the requests that are under way, and closes the store where the api
   * opened it.
   */
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
  const { store, close } = await storeFor(options);
  const history = await historyFor(options);
  try {
    const app = await assemble(options, settings, store, history.read);
    return {
      url: app.url,
      issuer: app.issuer,
      close: async () => {
        app.stop();
        await closeGracefully(app.fastify);
        await app.refusedLogins.close();
        await history.close();
        await close();
      },
    };
  } catch (error) {
    await history.close();
    await close();
    throw error;
  }
};

/** The store that is asked for, and what closes it where the api opened it. */
const storeFor = async ({
  dataFile,
  database,
  store,
  clock = Date.now,
}: ApiOptions): Promise<{ readonly store: Store; readonly close: () => Promise<void> }> => {
  if ([dataFile, database, store].filter((place) => place !== undefined).length > 1)
    throw new TypeError('Give the api one of dataFile, database and store.');
  if (store !== undefined) return { store, close: async () => {} };
  const place = dataFile === undefined ? database && { database } : { dataFile };
  if (place === undefined) throw new TypeError('The api needs a dataFile, a database or a store.');
  const opened = await openStore(place, () => epochMs(clock()));
  return { store: opened, close: () => opened.close() };
};

/** Where history is read, and what closes it where the api opened it. */
const historyFor = async ({
  history,
}: ApiOptions): Promise<{
  readonly read: () => HistoryReader | undefined;
  readonly close: () => Promise<void>;
}> => {
  if (history === undefined) return { read: () => undefined, close: async () => {} };
  if (typeof history === 'function') return { read: history, close: async () => {} };
  const opened = await openPostgresHistory(history);
  return { read: () => opened, close: () => opened.close() };
};

const assemble = async (
  options: ApiOptions,
  settings: Settings,
  store: Store,
  history: () => HistoryReader | undefined,
) => {
  const clock = options.clock ?? Date.now;
  const now = () => epochMs(clock());
  const issuer = await loadIssuer(store.issuerKeys, now());
  if (settings.issuer !== undefined) await holdName(store.issuerKeys, settings.issuer);
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
    nonces: new Nonces(issuer.secret, store.nonces),
    rates: await registerRateGuards(app, settings.rateLimits),
    watch: new ChangeWatch(store.changes, (error) =>
      app.log.warn({ err: error }, 'the change feed could not be looked at'),
    ),
    refusedLogins: new RefusedLogins(store.audit, store.users, now, (error) =>
      app.log.error({ err: error }, 'refused sign-ins could not be taken down'),
    ),
    decoyHash: await hashPassword(newSecret()),
    issuerName: named,
    certifier: () => ({ issuer: named(), tenant, key: issuer.signing.key }),
    now,
  };
  await registerRoutes(app, api, history);
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
  const stopPruning = letGoOfOldRows(store, settings.auditMs, now, (error) =>
    app.log.error({ err: error }, 'old rows could not be let go of'),
  );
  const stopTying = tieChains(store.audit, now, (error) =>
    app.log.error({ err: error }, 'the audit’s chains could not be tied together'),
  );
  const stop = (): void => {
    stopPruning();
    stopTying();
  };
  return { fastify: app, url, issuer: issuerName, refusedLogins: api.refusedLogins, stop };
};

const registerRoutes = async (
  app: FastifyInstance,
  api: Api,
  history: () => HistoryReader | undefined,
): Promise<void> => {
  const routes = [
    healthRoutes,
    challengeRoute,
    identityRoutes,
    identityLogRoutes,
    sessionsRoutes,
    logoutRoute,
    sessionRoute,
    enrolRoute,
    runtimeTokenRoute,
    introspectRoute,
    auditRoute,
    wellKnownRoutes,
    relayRoutes,
    changesRoute,
    joinCodeRoutes,
    subscriptionRoutes,
    triggerRoutes,
    userRoutes,
    runtimeRoutes,
    historyRoutes(history),
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
    const passwordHash = await hashPassword(password);
    await store.users.create({ name: userName, passwordHash, roles, grants, at }, (made) =>
      userMadeEntry(null, made, at),
    );
    return;
  }
  const { user, passwordHash } = found;
  if (!(await verifyPassword(password, passwordHash)).holds) {
    await store.users.setPasswordHash(user.id, await hashPassword(password));
  }
  await store.users.setRoles(user.id, roles, at);
  await store.users.setGrants(user.id, grants, at);
};
