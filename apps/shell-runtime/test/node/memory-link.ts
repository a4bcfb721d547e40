import type {
  Acknowledgement,
  EpochMs,
  Failure,
  ICdPushEnvelop,
  Problem,
  RuntimeHello,
} from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

import type { Link, LinkHandlers, RuntimeSelf } from '../../src/link/link.ts';

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
    return { ...addressee, recipient: `guid-1#${this.#instance}`, trust: this.#trust };
  }
  now(): EpochMs {
    return Date.now() as EpochMs;
  }
  open(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.hello = handlers.hello();
    handlers.welcomed({
      protocol: 1,
      recipient: this.self().recipient,
      serverTime: this.now(),
      catchUp: 0,
      revokedSessions: [],
      envelopeBytes: 1_000_000,
    });
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
