import type { EpochMs, Head, PatchHead, Problem } from '@cd-push/protocol';
import type { VerifiedContent } from '@cd-push/timeline';

import type { Change, TrustedPatch } from '../line/push.ts';
import type { Base } from './base.ts';
import type {
  DoneRecord,
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

/** What runs here beyond the served base: in memory for the line, and written behind each step of it. */
export class RunningState {
  readonly base: Base;
  readonly #store: RecordStore;
  readonly #resources: Map<string, ResourceRecord>;
  readonly #done: Map<string, DoneRecord>;
  readonly #revoked: Set<string>;

  private constructor(base: Base, store: RecordStore, snapshot: RecordSnapshot) {
    this.base = base;
    this.#store = store;
    this.#resources = new Map(snapshot.resources.map((record) => [record.resource, record]));
    this.#done = new Map(snapshot.done.map((done) => [done.pushGuid, done]));
    this.#revoked = new Set(snapshot.revokedSessions);
  }

  static async load(base: Base, store: RecordStore, at: EpochMs): Promise<RunningState> {
    return new RunningState(base, store, await store.load(base.digest, at));
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

  isRevoked(session: string): boolean {
    return this.#revoked.has(session);
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

  async settle(done: DoneRecord): Promise<void> {
    this.#done.set(done.pushGuid, done);
    await this.#store.write({ done: [done] });
  }

  /** These changes run and are healthy. */
  applied(push: TrustedPatch, changes: readonly Change[]): Promise<void> {
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
    return this.write(records);
  }

  /** These changes were taken back, or are kept for the next start. */
  notApplied(
    push: TrustedPatch,
    changes: readonly Change[],
    outcome: NextVersion['outcome'],
    problem: Problem,
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
    );
  }

  async write(records: readonly ResourceRecord[]): Promise<void> {
    for (const record of records) this.#resources.set(record.resource, record);
    if (records.length > 0) await this.#store.write({ resources: records });
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
  pushGuid: push.statement.pushGuid,
  attempt: push.parsed.attempt,
  statement: push.digest,
});
