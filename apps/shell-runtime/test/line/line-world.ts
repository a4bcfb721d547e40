import { epochMs, problemOf, ProblemError, type JournalOffset, type Problem } from '@cd-push/protocol';

import type { Staged } from '../../src/components/component.ts';
import { textOf } from '../../src/components/content-text.ts';
import { DeliveryLine } from '../../src/line/delivery-line.ts';
import type { Change } from '../../src/line/push.ts';
import type { LinkHandlers, RuntimeSelf } from '../../src/link/link.ts';
import type { Applying, ApplyingMark } from '../../src/record/applying-mark.ts';
import type { FollowedIdentity } from '@cd-push/timeline';
import { mergedIdentities } from '../../src/record/merged-identities.ts';
import { merged } from '../../src/record/merged.ts';
import type {
  DoneRecord,
  KeptAuditHead,
  RecordStore,
  ResourceRecord,
} from '../../src/record/record-store.ts';
import { RunningState } from '../../src/record/running-state.ts';
import { sha256, type Signer } from '../signer.ts';
import { epoch, welcomeOf } from '../welcome.ts';

/** What happened, in its order, one word each. */
type Log = string[];

/** A runtime whose program is a list of texts, and whose clock and connection are in the test's hands. */
export class LineWorld {
  readonly log: Log = [];
  readonly texts = new Map<string, string>();
  /** Kept over restarts, as a disk does. */
  readonly stored = {
    resources: new Map<string, ResourceRecord>(),
    done: new Map<string, DoneRecord>(),
    revoked: new Set<string>(),
    identities: [] as readonly FollowedIdentity[],
    journal: null as JournalOffset | null,
    auditHeads: [] as readonly KeptAuditHead[],
  };
  /** Of everything that was reported as failed. */
  readonly problems: Problem[] = [];
  /** Of everything that the program was told to have failed. */
  readonly shown: Problem[] = [];
  /** What lies at the relay, by digest, and what was asked for. */
  readonly contents = new Map<string, Uint8Array>();
  /** Where the relay's journal stands, and how many pushes follow a welcome. */
  journal: JournalOffset = { epoch, offset: 0 };
  catchUp = 0;
  /** Whether the disk takes anything. */
  isFull = false;
  /** Called while a change is being applied. */
  onApply: (text: string | undefined) => void | Promise<void> = () => undefined;
  onExecute: (operation: string, args: unknown) => unknown = () => undefined;
  onFetch: () => void = () => undefined;
  /** Called for what a file of the base was served with. */
  onServed = (resource: string, base: Record<string, string>): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(base[resource]);
  now = Date.now();
  connected = true;
  line!: DeliveryLine;
  state!: RunningState;
  mark: Applying | undefined;
  readonly #signer: Signer;
  readonly #self: Partial<RuntimeSelf>;

  constructor(signer: Signer, self: Partial<RuntimeSelf> = {}) {
    this.#signer = signer;
    this.#self = self;
  }

  async start(base: Record<string, string> = {}, { welcomed = true } = {}): Promise<this> {
    for (const [resource, text] of Object.entries(base)) this.texts.set(resource, text);
    const resources = new Map(
      Object.entries(base).map(([resource, text]) => [
        resource,
        { type: 'style' as const, digest: sha256(text), url: resource },
      ]),
    );
    this.state = await RunningState.load(
      { module: 'app', digest: 'base', resources },
      this.#store(),
      epochMs(this.now),
    );
    const send = (word: string): void => void this.log.push(this.connected ? word : `lost ${word}`);
    const link = {
      self: () => ({
        guid: 'runtime-1',
        recipient: 'runtime-1#tab',
        user: null,
        groups: ['canary'],
        module: 'app',
        environment: 'development',
        labels: {},
        trust: this.#signer.trust,
        approvals: 0,
        ...this.#self,
      }),
      now: () => epochMs(this.now),
      open: (_handlers: LinkHandlers) => undefined,
      delivered: () => send('delivered'),
      completed: () => send('completed'),
      failed: ({ problem }: { problem: Problem }) => {
        this.problems.push(problem);
        send(`failed:${problem.kind}`);
      },
      content: async (digest: string, atMost: number) => {
        this.log.push(`fetch:${atMost}`);
        this.onFetch();
        const bytes = this.contents.get(digest);
        if (bytes === undefined) throw new ProblemError(problemOf('not-found'));
        return new Uint8Array(bytes);
      },
      saveEdit: async () => undefined,
      close: () => undefined,
    };
    const mark: ApplyingMark = {
      open: (applying) => {
        this.mark = applying;
        this.log.push('mark');
      },
      close: () => {
        this.mark = undefined;
        this.log.push('unmark');
      },
      takeLeft: async () => [],
    };
    this.line = new DeliveryLine({
      link,
      state: this.state,
      mark,
      instance: 'tab',
      appliers: { stage: async (changes) => changes.map((change) => this.#staged(change)) },
      execute: async (operation, args) => this.onExecute(operation, args),
      content: link.content,
      served: async (resource) => this.onServed(resource, base),
      events: {
        applied: () => this.log.push('told'),
        failed: (problem) => void this.shown.push(problem),
        notice: ({ text }) => void this.log.push(`notice:${text}`),
      },
    });
    if (welcomed) this.line.welcomed(welcomeOf({ journal: this.journal, catchUp: this.catchUp }));
    return this;
  }

  /** What was logged while this was taken. */
  async take(envelope: unknown): Promise<string[]> {
    this.log.length = 0;
    await this.line.receive(envelope);
    return [...this.log];
  }

  #staged({ head, content }: Change): Staged {
    const former = this.texts.get(head.resource);
    const put = (text: string | undefined): void =>
      text === undefined ? void this.texts.delete(head.resource) : void this.texts.set(head.resource, text);
    const text = textOf(content);
    if (text === 'unfit') throw new ProblemError(problemOf('apply-failed', { resource: head.resource }));
    return {
      apply: async () => {
        put(text);
        this.log.push(`apply:${text ?? '-'}`);
        await this.onApply(text);
      },
      restore: () => {
        put(former);
        this.log.push(`restore:${former ?? '-'}`);
      },
    };
  }

  #store(): RecordStore {
    const { stored } = this;
    const take = (work: () => void): Promise<void> => {
      if (this.isFull) return Promise.reject(new Error('No space left.'));
      work();
      return Promise.resolve();
    };
    return {
      load: async () => ({
        resources: [...stored.resources.values()],
        done: [...stored.done.values()],
        revokedSessions: [...stored.revoked],
        identities: stored.identities,
        journal: stored.journal,
        auditHeads: stored.auditHeads,
      }),
      write: (change) =>
        take(() => {
          for (const record of change.resources ?? []) {
            stored.resources.set(record.resource, merged(stored.resources.get(record.resource), record));
            this.log.push('kept');
          }
          for (const session of change.revokedSessions ?? []) stored.revoked.add(session);
          stored.identities = mergedIdentities(stored.identities, change.identities ?? []);
          stored.journal = change.journal ?? stored.journal;
          stored.auditHeads = change.auditHeads ?? stored.auditHeads;
        }),
      settle: (done, journal) =>
        take(() => {
          stored.done.set(done.pushGuid, done);
          stored.journal = journal ?? stored.journal;
        }),
    };
  }
}
