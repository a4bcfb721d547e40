import {
  problemOf,
  type EpochMs,
  type Head,
  type JournalOffset,
  type PatchHead,
  type Problem,
} from '@cd-push/protocol';
import type { FollowedIdentity, VerifiedContent } from '@cd-push/timeline';

import type { Change, TrustedPatch } from '../line/push.ts';
import type { Base } from './base.ts';
import type {
  DoneRecord,
  KeptAuditHead,
  KeptVersion,
  NextVersion,
  RecordSnapshot,
  RecordStore,
  ResourceRecord,
} from './record-store.ts';

/** What stands at a resource, and the highest version that was verified for it. */
export interface Standing {
  readonly version: number;
  readonly digest: string | null;
  readonly latest: {
    readonly version: number;
    readonly digest: string | null;
    readonly outcome: 'applied' | NextVersion['outcome'];
  };
}

/** Who signed something. */
type Signed = Pick<KeptVersion, 'session' | 'identity'>;

/** What runs here beyond the served base: in memory for the line, and written behind each step of it. */
export class RunningState {
  readonly base: Base;
  /**
   * Messages whose effect had begun when an earlier life of this instance ended: had, in part or not at all. They count as
   * failed, and are not begun again but by a further attempt.
   */
  readonly interrupted: readonly DoneRecord[];
  /** How far this instance had followed the relay's journal when it started; null where nothing is known. */
  readonly followedBefore: JournalOffset | null;
  readonly #store: RecordStore;
  readonly #resources: Map<string, ResourceRecord>;
  readonly #done: Map<string, DoneRecord>;
  readonly #revoked: Set<string>;
  readonly #identities: Map<string, FollowedIdentity>;
  #auditHeads: readonly KeptAuditHead[];
  /** As last written. */
  #journal: JournalOffset | null;

  private constructor(base: Base, store: RecordStore, snapshot: RecordSnapshot) {
    this.base = base;
    this.#store = store;
    this.#resources = new Map(snapshot.resources.map((record) => [record.resource, record]));
    this.interrupted = snapshot.done.flatMap((done) => (done.outcome === 'started' ? [ended(done)] : []));
    this.#done = new Map([...snapshot.done, ...this.interrupted].map((done) => [done.pushGuid, done]));
    this.#revoked = new Set(snapshot.revokedSessions);
    this.#identities = new Map(snapshot.identities.map((known) => [known.identity, known]));
    this.#auditHeads = snapshot.auditHeads;
    this.followedBefore = snapshot.journal;
    this.#journal = snapshot.journal;
  }

  static async load(base: Base, store: RecordStore, at: EpochMs): Promise<RunningState> {
    const state = new RunningState(base, store, await store.load(base.digest, at));
    // Reported by this life; where it cannot be written down, by the next one again.
    await Promise.allSettled(state.interrupted.map((done) => store.settle(done, null)));
    return state;
  }

  standing(resource: string): Standing {
    const record = this.#resources.get(resource);
    const version = record?.good?.version ?? 0;
    const digest = record?.good ? record.good.digest : (this.base.resources.get(resource)?.digest ?? null);
    const next = record?.next;
    const latest =
      next && next.version > version
        ? { version: next.version, digest: next.digest, outcome: next.outcome }
        : { version, digest, outcome: 'applied' as const };
    return { version, digest, latest };
  }

  /** What a push brought and what stands; undefined where the base's own content does. */
  kept(resource: string): KeptVersion | undefined {
    return this.#resources.get(resource)?.good ?? undefined;
  }

  record(resource: string): ResourceRecord | undefined {
    return this.#resources.get(resource);
  }

  get records(): IterableIterator<ResourceRecord> {
    return this.#resources.values();
  }

  /** For the hello: every resource of the base with version 0 unless something stands above it. */
  heads(): Head[] {
    const names = new Set([...this.base.resources.keys(), ...this.#resources.keys()]);
    return [...names].map((resource) => {
      const { version, digest } = this.standing(resource);
      return { resource, version, digest };
    });
  }

  /** Whether a session was ended, or the identity behind it. */
  isRevoked({ session, identity }: Signed): boolean {
    return this.#revoked.has(session) || (identity !== undefined && this.#revoked.has(identity));
  }

  /** What was seen of an identity before. */
  identity(address: string): FollowedIdentity | undefined {
    return this.#identities.get(address);
  }

  /** From now on, and in later lives, whoever claims to be this identity has to follow from this. */
  async keepIdentity(followed: FollowedIdentity): Promise<void> {
    const known = this.#identities.get(followed.identity);
    const isNews =
      known === undefined ||
      known.establishments.length < followed.establishments.length ||
      (followed.isRevoked && !known.isRevoked);
    if (!isNews) return;
    this.#identities.set(followed.identity, followed);
    await this.#store.write({ identities: [followed] });
  }

  done(pushGuid: string): DoneRecord | undefined {
    return this.#done.get(pushGuid);
  }

  async revoke(sessions: readonly string[]): Promise<void> {
    const fresh = sessions.filter((session) => !this.#revoked.has(session));
    if (fresh.length === 0) return;
    for (const session of fresh) this.#revoked.add(session);
    await this.#store.write({ revokedSessions: fresh });
  }

  async settle(done: DoneRecord, journal: JournalOffset | null): Promise<void> {
    this.#forget(Date.now());
    this.#journal = journal ?? this.#journal;
    this.#done.set(done.pushGuid, done);
    await this.#store.settle(done, journal);
  }

  /** Where the instance stands by now; what was written with a state is not written again. */
  async followed(journal: JournalOffset): Promise<void> {
    if (journal.epoch === this.#journal?.epoch && journal.offset === this.#journal.offset) return;
    this.#journal = journal;
    await this.#store.write({ journal });
  }

  get auditHeads(): readonly KeptAuditHead[] {
    return this.#auditHeads;
  }

  async keepAuditHeads(heads: readonly KeptAuditHead[]): Promise<void> {
    this.#auditHeads = heads;
    await this.#store.write({ auditHeads: heads });
  }

  /** These changes run and are healthy. */
  applied(push: TrustedPatch, changes: readonly Change[], journal: JournalOffset | null): Promise<void> {
    const records: ResourceRecord[] = [];
    const put = (
      resource: string,
      head: PatchHead,
      digest: string | null,
      content: VerifiedContent,
    ): void => {
      records.push({
        resource,
        good: keptVersion(push, head, digest, content),
        former: this.#resources.get(resource)?.good ?? null,
        next: null,
      });
    };
    for (const { head, content } of changes) {
      put(head.resource, head, head.digest, content);
      if (head.change === 'rename' && head.from !== undefined)
        put(head.from, head, null, { kind: 'deleted' });
    }
    return this.write(records, journal);
  }

  /** These changes were taken back, or are kept for the next start. */
  notApplied(
    push: TrustedPatch,
    changes: readonly Change[],
    outcome: NextVersion['outcome'],
    problem: Problem,
    journal: JournalOffset | null,
  ): Promise<void> {
    return this.write(
      changes.map(({ head, content }) => {
        const common = {
          version: head.version,
          digest: head.digest,
          attempt: push.parsed.attempt,
          statement: push.digest,
          problem,
        };
        const next: NextVersion =
          outcome === 'pending'
            ? { outcome, ...common, kept: keptVersion(push, head, head.digest, content) }
            : { outcome, ...common };
        const known = this.#resources.get(head.resource);
        return { resource: head.resource, good: known?.good ?? null, former: known?.former ?? null, next };
      }),
      journal,
    );
  }

  /** @param journal where the instance stands with these records; null where that is as before. */
  async write(records: readonly ResourceRecord[], journal: JournalOffset | null = null): Promise<void> {
    for (const record of records) this.#resources.set(record.resource, record);
    if (records.length === 0) return;
    this.#journal = journal ?? this.#journal;
    await this.#store.write({ resources: records, ...(journal === null ? {} : { journal }) });
  }

  /** Oldest first, and no further than the first that counts still. */
  #forget(at: number): void {
    for (const [pushGuid, { keepUntil }] of this.#done) {
      if (keepUntil >= at) return;
      this.#done.delete(pushGuid);
    }
  }
}

const keptVersion = (
  push: TrustedPatch,
  head: PatchHead,
  digest: string | null,
  content: VerifiedContent,
): KeptVersion => ({
  version: head.version,
  digest,
  componentType: head.componentType,
  content,
  session: push.certificate.session,
  identity: push.certificate.identity,
  pushGuid: push.statement.pushGuid,
  attempt: push.parsed.attempt,
  statement: push.digest,
});

const ended = (done: DoneRecord): DoneRecord => ({
  ...done,
  outcome: 'failed',
  problem: problemOf('crashed', { detail: 'The runtime stopped while this took effect.' }),
});
