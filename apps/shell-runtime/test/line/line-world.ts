import { epochMs, problemOf, ProblemError } from '@cd-push/protocol';

import type { Staged } from '../../src/components/component.ts';
import { textOf } from '../../src/components/content-text.ts';
import { DeliveryLine } from '../../src/line/delivery-line.ts';
import type { Change } from '../../src/line/push.ts';
import type { LinkHandlers, RuntimeSelf } from '../../src/link/link.ts';
import type { Applying, ApplyingMark } from '../../src/record/applying-mark.ts';
import { merged } from '../../src/record/merged.ts';
import type { DoneRecord, RecordStore, ResourceRecord } from '../../src/record/record-store.ts';
import { RunningState } from '../../src/record/running-state.ts';
import { sha256, type Signer } from '../signer.ts';

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
  };
  /** Called while a change is being applied. */
  onApply: (text: string | undefined) => void | Promise<void> = () => undefined;
  onExecute: (operation: string, args: unknown) => unknown = () => undefined;
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

  async start(base: Record<string, string> = {}): Promise<this> {
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
        ...this.#self,
      }),
      now: () => epochMs(this.now),
      open: (_handlers: LinkHandlers) => undefined,
      delivered: () => send('delivered'),
      completed: () => send('completed'),
      failed: ({ problem }: { problem: { kind: string } }) => send(`failed:${problem.kind}`),
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
      textInPlace: async (resource) => this.texts.get(resource),
      events: {
        applied: () => this.log.push('told'),
        failed: () => undefined,
        notice: ({ text }) => this.log.push(`notice:${text}`),
      },
    });
    this.line.welcomed({
      protocol: 1,
      recipient: 'x',
      serverTime: 0,
      catchUp: 0,
      revokedSessions: [],
      envelopeBytes: 1,
    });
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
    const { resources, done, revoked } = this.stored;
    return {
      load: async () => ({
        resources: [...resources.values()],
        done: [...done.values()],
        revokedSessions: [...revoked],
      }),
      write: async (change) => {
        for (const record of change.resources ?? []) {
          resources.set(record.resource, merged(resources.get(record.resource), record));
          this.log.push('kept');
        }
        for (const outcome of change.done ?? []) done.set(outcome.pushGuid, outcome);
        for (const session of change.revokedSessions ?? []) revoked.add(session);
      },
    };
  }
}
