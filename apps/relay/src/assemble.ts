import { credentialOf, type RecipientId } from '@cd-push/protocol';
import type { JournalStore } from '@cd-push/store';

import { AuditHeads } from './audit/audit-heads.ts';
import { auditRows } from './audit/entries.ts';
import { Refusals } from './audit/refusals.ts';
import { AppliedChanges } from './authority/apply-changes.ts';
import type { Authority } from './authority/authority.ts';
import { Challenges } from './authority/challenges.ts';
import { Directory } from './authority/directory.ts';
import { Introspections } from './authority/introspections.ts';
import { RelayIdentity } from './authority/relay-identity.ts';
import { CatchUps } from './catch-up/catch-ups.ts';
import { Meant } from './catch-up/meant.ts';
import type { Clock } from './clock.ts';
import { ContentDoor } from './contents/content-door.ts';
import type { Admission } from './doors/admission.ts';
import { Asking } from './doors/asking.ts';
import { clientAddressBehind } from './doors/client-address.ts';
import { LegacyDialect } from './doors/legacy-dialect.ts';
import { SocketIoDoor } from './doors/socket-io-door.ts';
import { Journal } from './journal/journal.ts';
import { DeliveryLine } from './line/delivery-line.ts';
import { Emission, type Broadcast } from './line/emit.ts';
import { parcelsFor } from './line/parcels.ts';
import type { Log } from './log.ts';
import { Nodes } from './nodes/nodes.ts';
import { RedisLink, type RedisOptions } from './nodes/redis-link.ts';
import { holdPlaces } from './nodes/hold-places.ts';
import { Roster } from './nodes/roster.ts';
import { Observers } from './observe/observers.ts';
import { Ended } from './peers/ended.ts';
import { SessionExpiry } from './peers/expiry.ts';
import { LegacyObjects } from './peers/legacy-objects.ts';
import { isRunningPeer, type Peer } from './peers/peer.ts';
import { Peers } from './peers/peers.ts';
import { acknowledgementRate, defaultRate, Rate, type RateLimits } from './peers/rate.ts';
import { Edits } from './edits/edits.ts';
import { PolicyBook } from './policy/policy-book.ts';
import { Proposals } from './proposals/proposals.ts';
import { reviewPolicies } from './policy/review-policies.ts';
import type { Surroundings } from './queries/push-view.ts';
import { RelayReception } from './reception.ts';
import { SyncDesk } from './sync/sync-desk.ts';
import { Absence } from './tracks/absence.ts';
import { Acknowledgements } from './tracks/acknowledge.ts';
import { Notices } from './tracks/notices.ts';
import { Retries } from './tracks/retries.ts';
import { Tracker } from './tracks/tracker.ts';

interface Surrounding {
  readonly authority: Authority;
  readonly store: JournalStore;
  /** This run of the process, among those that share the journal. */
  readonly node: string;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
  readonly legacy: 'off' | 'on';
  readonly rate: RateLimits | undefined;
  readonly trustedProxies: readonly string[];
  readonly redis: RedisOptions | undefined;
}

/** The parts of a relay that whoever starts and stops it has to do with. */
export interface Parts {
  readonly door: SocketIoDoor;
  readonly contents: ContentDoor;
  readonly journal: Journal;
  readonly identity: RelayIdentity;
  readonly changes: AppliedChanges;
  readonly policies: PolicyBook;
  readonly heads: AuditHeads;
  readonly peers: Peers;
  readonly tracker: Tracker;
  readonly nodes: Nodes;
  /** Stops what runs by itself. */
  close(): void;
}

/** Puts a relay together; nothing of it runs by itself yet. */
export const assemble = async (surrounding: Surrounding): Promise<Parts> => {
  const { authority, store, node, admission, clock, log } = surrounding;
  const directory = new Directory();
  const peers = new Peers();
  const ended = new Ended();
  const identity = new RelayIdentity(authority, clock, log);
  const introspections = new Introspections(authority);
  const policies = new PolicyBook(directory);

  const journal = await Journal.open({
    store,
    rows: auditRows,
    clock,
    log,
    parcelsOf: (pushes) =>
      parcelsFor(
        pushes.filter((push) => emission.isDirect(push)),
        store,
      ),
  });
  const roster = new Roster(await store.presence());
  const tracker = new Tracker(journal);
  const broadcast: Broadcast = (...message) => door.broadcast(...message);
  const emission = new Emission({ peers, tracker, policies, clock, broadcast });
  const meant = new Meant({ store, directory, policies, ended });
  const catchUps = new CatchUps({ journal, tracker, emission, policies, meant, clock, log });
  const absence = new Absence({ journal, tracker, roster, peers, node, clock, log });
  const around: Surroundings = {
    now: () => clock.now(),
    kindOf: (_tenant, recipient) => kindOf(recipient, roster),
    holds: (_tenant, recipient) => policies.holds(recipient),
  };
  const rate = new Rate(surrounding.rate ?? defaultRate, clock);
  const observers = new Observers({ journal, around, rate, clock, log, broadcast });
  const heads = new AuditHeads({
    audit: store.audit,
    identity,
    clock,
    log,
    tell: (signed) => {
      const keepers = new Set([...[...peers.all()].filter(isRunningPeer), ...observers.peers()]);
      broadcast([...keepers], 'audit-heads', { heads: signed });
    },
  });
  const legacy =
    surrounding.legacy === 'on'
      ? new LegacyDialect({
          peers,
          objects: new LegacyObjects({ directory, peers, journal, clock }),
          directory,
          journal,
          tracker,
          clock,
          log,
        })
      : undefined;
  const notices = new Notices({
    notice: (push, event, notice, changes) => {
      if (legacy?.notice(push, event, changes) === true) return;
      const { tenant, sender, signed } = push.accepted;
      const senders =
        signed === undefined ? peers.ofSession(sender.session) : peers.ofSigner(tenant, sender.subject);
      for (const { outlet } of senders) outlet.emit(event, notice);
    },
  });

  journal.onAccepted((push, parcel) => emission.accepted(push, parcel, catchUps));
  journal.onWritten((changes) => emission.written(changes, catchUps));
  journal.onAccepted((push) => notices.accepted(push));
  journal.onWritten((changes) => notices.written(changes));
  journal.onPresence((change) => {
    roster.take(change);
    absence.take(change);
    holdPlaces(change, { roster, peers, journal, node, clock, log });
  });
  const review = (concerned: Iterable<Peer>): void => reviewPolicies(concerned, { policies, catchUps, log });
  journal.onPolicies((changed) => {
    policies.put(changed.map(({ policy }) => policy));
    review(peers.all());
  });
  journal.onOwn(() => heads.stir());

  const edits = new Edits({ edits: store.edits, journal, peers, clock });
  journal.onEdits((changed) => edits.written(changed));

  const line = new DeliveryLine({ identity, directory, journal, roster, policies, ended, rate, clock, log });
  const proposals = new Proposals({
    store: store.proposals,
    journal,
    contents: store,
    line,
    identity,
    directory,
    authority,
    ended,
    clock,
  });
  const expiry = new SessionExpiry(clock);
  const refusals = new Refusals({ journal, clock });
  const reception = new RelayReception({
    introspections,
    identity,
    challenges: new Challenges(identity, clock),
    directory,
    peers,
    roster,
    journal,
    catchUps,
    absence,
    policies,
    heads,
    around,
    observers,
    ended,
    clock,
    log,
    node,
    line,
    acknowledgements: new Acknowledgements(journal, tracker, clock, log),
    retries: new Retries(journal, tracker, clock),
    expiry,
    rate,
    acknowledged: new Rate(acknowledgementRate, clock),
    refusals,
    sync: new SyncDesk({
      stepsOf: (payer) => rate.stepsOf(payer),
      spaceOf: (tenant, auditOf) => store.space(tenant, auditOf),
      audited: () => heads.stir(),
      refused: (session, problem) => refusals.note(session, problem, {}),
      contents: store,
      identity,
      clock,
      log,
    }),
    edits,
    proposals,
    legacy,
  });
  const look = (): void => void journal.look();
  const redis = surrounding.redis === undefined ? undefined : new RedisLink(surrounding.redis, log, look);
  const addressOf = clientAddressBehind(surrounding.trustedProxies);
  const asking = new Asking();
  const door = new SocketIoDoor(admission, reception, log, {
    longPolling: surrounding.legacy === 'on',
    addressOf,
    asking,
    others: redis && { adapter: redis.adapter(), heard: look },
  });
  if (redis !== undefined) journal.onOwn(() => door.wake());
  const contents = new ContentDoor({
    admission,
    asking,
    addressOf,
    vouch: (token) => reception.vouch(token),
    rate,
    store,
    clock,
    log,
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
    accounts: surrounding.legacy === 'on',
    reviewed: (guids) => {
      for (const guid of guids) review(peers.instancesOf(guid));
    },
  });
  const nodes = new Nodes({ journal, store, roster, absence, node, clock, log });
  const close = (): void => {
    nodes.close();
    changes.close();
    identity.close();
    heads.close();
    refusals.close();
    absence.close();
    redis?.close();
  };
  return { door, contents, journal, identity, changes, policies, heads, peers, tracker, nodes, close };
};

/** What runs at a recipient that is connected, on whatever node; of a credential, what any instance of it is. */
const kindOf = (recipient: RecipientId, roster: Roster): 'browser' | 'node' | undefined => {
  const own = roster.of(recipient);
  if (own !== undefined) return own.node === null ? undefined : own.kind;
  const [instance] = roster.connected(credentialOf(recipient));
  return instance === undefined ? undefined : roster.of(instance)?.kind;
};
