import {
  problemOf,
  ProblemError,
  type Acknowledgement,
  type EditSettled,
  type EpochMs,
  type Failure,
  type ICdPushEnvelop,
  type Problem,
  type RuntimeHello,
  type SaveEdit,
} from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

import type { Link, LinkHandlers, RuntimeSelf } from '../../src/link/link.ts';
import { welcomeOf } from '../welcome.ts';

export type Report =
  | ({ readonly stage: 'delivered' | 'completed' } & Acknowledgement)
  | ({ readonly stage: 'failed' } & Failure);

/** A relay's end in memory: what it sends arrives at once, what it hears is listed. */
export class MemoryLink implements Link {
  readonly reports: Report[] = [];
  hello: RuntimeHello | undefined;
  closed = false;
  readonly #trust: TrustRoot;
  readonly #instance: string;
  readonly #waiting = new Set<() => void>();
  #handlers: LinkHandlers | undefined;

  constructor(trust: TrustRoot, instance: string) {
    this.#trust = trust;
    this.#instance = instance;
  }

  self(): RuntimeSelf {
    const addressee = {
      guid: 'guid-1',
      user: null,
      groups: [],
      module: 'app',
      environment: 'development',
      labels: {},
    };
    return { ...addressee, recipient: `guid-1#${this.#instance}`, trust: this.#trust, approvals: 0 };
  }
  now(): EpochMs {
    return Date.now() as EpochMs;
  }
  open(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.hello = handlers.hello();
    handlers.welcomed(welcomeOf({ recipient: this.self().recipient }));
  }
  readonly edits: SaveEdit[] = [];
  async saveEdit(edit: SaveEdit): Promise<void> {
    this.edits.push(edit);
    for (const wake of this.#waiting) wake();
  }
  /** As after a break. */
  comeBack(): void {
    this.#handlers?.disconnected();
    if (this.#handlers !== undefined) this.open(this.#handlers);
  }
  settleEdit(settlement: EditSettled): void {
    this.#handlers?.editSettled(settlement);
  }
  delivered(acknowledgement: Acknowledgement): void {
    this.#heard({ stage: 'delivered', ...acknowledgement });
  }
  completed(acknowledgement: Acknowledgement): void {
    this.#heard({ stage: 'completed', ...acknowledgement });
  }
  failed(failure: Failure): void {
    this.#heard({ stage: 'failed', ...failure });
  }
  content(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.reject(new ProblemError(problemOf('unavailable')));
  }
  close(): void {
    this.closed = true;
  }

  send(envelope: unknown): void {
    this.#handlers!.pushed(envelope);
  }
  refuse(problem: Problem): void {
    this.#handlers!.refused(problem);
  }

  /** The report that ends an attempt at this push. */
  async ended({ pushData: { pushGuid } }: ICdPushEnvelop): Promise<Report> {
    for (;;) {
      const found = this.reports.find(
        (report) => report.pushGuid === pushGuid && report.stage !== 'delivered',
      );
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #heard(report: Report): void {
    this.reports.push(report);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
