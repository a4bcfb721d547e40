import type { ResourceGuid } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Ended } from '../peers/ended.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import { expireCredential } from '../tracks/expire-credential.ts';
import type { Tracker } from '../tracks/tracker.ts';
import type { Authority, Change, ChangeListener } from './authority.ts';
import type { Directory } from './directory.ts';
import type { Introspections } from './introspections.ts';
import type { RelayIdentity } from './relay-identity.ts';
import { withGrants } from './session.ts';
import { Reloader } from './reloader.ts';
import { RuntimeReader } from './runtime-reader.ts';

interface ChangePorts {
  readonly authority: Authority;
  readonly introspections: Introspections;
  readonly identity: RelayIdentity;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly ended: Ended;
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether anybody asks whose account a guid is. */
  readonly accounts: boolean;
  /** Called when something may have changed that is known of these runtimes. */
  readonly reviewed: (guids: Iterable<ResourceGuid>) => void;
}

/** What the api tells takes effect on the connections that are open. */
export class AppliedChanges implements ChangeListener {
  readonly #ports: ChangePorts;
  readonly #runtimes: RuntimeReader;
  readonly #accounts: Reloader;
  readonly #triggers: Reloader;
  readonly #voided: Reloader;

  constructor(ports: ChangePorts) {
    this.#ports = ports;
    const { authority, directory, clock, log } = ports;
    this.#runtimes = new RuntimeReader(ports);
    this.#accounts = new Reloader(
      () => this.#loadAccounts(),
      'The list of accounts could not be read yet.',
      clock,
      log,
    );
    this.#triggers = new Reloader(
      async () => directory.replaceTriggers(await authority.triggers()),
      'The trigger registry could not be read yet.',
      clock,
      log,
    );
    this.#voided = new Reloader(
      () => this.#loadVoided(),
      'The list of sessions whose signatures are void could not be read yet.',
      clock,
      log,
    );
  }

  changed(change: Change): void {
    this.#ports.introspections.changed(change);
    switch (change.kind) {
      case 'session-revoked':
        this.#endSession(change.session, change.voidsSignatures);
        return;
      case 'grants-changed':
        this.#ofUser(change.user, (peer) => {
          if (peer.session.kind === 'user') peer.session = withGrants(peer.session, change.grants);
        });
        return;
      case 'user-changed':
        this.#accounts.request();
        this.#ofUser(change.user, (peer) => {
          if (change.removed) peer.outlet.cut('revoked');
          else if (peer.session.kind === 'user') peer.session = { ...peer.session, roles: change.roles };
        });
        return;
      case 'runtime-removed':
        this.#removeRuntime(change.guid);
        return;
      case 'runtimes-changed':
        this.#runtimes.changed(change.guid);
        return;
      case 'triggers-changed':
        this.#triggers.request();
        return;
      default:
        change satisfies never;
    }
  }

  resumed(): void {
    this.#runtimes.reload();
    this.#accounts.request();
    this.#triggers.request();
  }

  /** Everybody has to be introspected again, which happens when they come back. */
  reset(): void {
    this.resumed();
    this.#ports.introspections.forget();
    this.#voided.request();
    for (const peer of this.#ports.peers.all()) peer.outlet.cut('drain');
  }

  /** @throws ProblemError where the api cannot be reached. */
  async load(): Promise<void> {
    await this.#triggers.load();
    await this.#runtimes.load();
    await this.#accounts.load();
    await this.#voided.load();
  }

  close(): void {
    this.#runtimes.close();
    this.#accounts.close();
    this.#triggers.close();
    this.#voided.close();
  }

  async #loadAccounts(): Promise<void> {
    const { authority, directory, accounts } = this.#ports;
    if (accounts) directory.replaceAccounts(await authority.accounts());
  }

  async #loadVoided(): Promise<void> {
    const { authority, ended } = this.#ports;
    for (const session of await authority.voidedSessions()) {
      ended.sessions.add(session);
      ended.voidedSessions.add(session);
    }
  }

  #endSession(session: string, voidsSignatures: boolean): void {
    const { ended, peers } = this.#ports;
    ended.sessions.add(session);
    for (const peer of [...peers.ofSession(session), ...peers.ofIdentity(session)])
      peer.outlet.cut('revoked');
    if (!voidsSignatures) return;
    ended.voidedSessions.add(session);
    for (const peer of peers.all()) {
      if (peer.running !== undefined) peer.outlet.emit('session-revoked', { session });
    }
  }

  #removeRuntime(guid: ResourceGuid): void {
    const { ended, peers, identity } = this.#ports;
    this.#runtimes.removed(guid);
    ended.runtimes.add(guid);
    // A runtime's session is named as the runtime is.
    for (const peer of peers.ofSession(guid)) peer.outlet.cut('revoked');
    const tenant = identity.seal?.root.tenant;
    if (tenant !== undefined) this.#expireFor(tenant, guid);
  }

  #expireFor(tenant: string, guid: ResourceGuid): void {
    const { journal, tracker, clock, log } = this.#ports;
    expireCredential(tenant, guid, journal, tracker, clock).catch((error: unknown) =>
      log.error(factsOf(error), 'The tracks of a removed runtime stay open.'),
    );
  }

  #ofUser(user: number, change: (peer: Peer) => void): void {
    for (const peer of this.#ports.peers.all()) {
      if (peer.session.kind === 'user' && peer.session.user.id === user) change(peer);
    }
  }
}
