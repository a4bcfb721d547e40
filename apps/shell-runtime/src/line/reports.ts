import type { Acknowledgement, Failure, Problem } from '@cd-push/protocol';

import type { Link } from '../link/link.ts';

/** What a report names: the attempt, and the digest of the statement that it is about. */
export interface Reported {
  readonly pushGuid: string;
  readonly attempt: number;
  readonly statement: string;
}

/** Reports that could not be sent are repeated after the next welcome; more than these the relay asks for by itself. */
const keptReports = 1_000;

type Report =
  | { readonly kind: 'delivered' | 'completed'; readonly acknowledgement: Acknowledgement }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The one place where the line speaks to the relay. */
export class Reports {
  readonly #link: Link;
  #connected = false;
  #held: Report[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  delivered(reported: Reported): void {
    this.#say({ kind: 'delivered', acknowledgement: this.#at(reported) });
  }

  completed(reported: Reported): void {
    this.#say({ kind: 'completed', acknowledgement: this.#at(reported) });
  }

  failed(reported: Reported, problem: Problem): void {
    this.#say({ kind: 'failed', failure: { ...this.#at(reported), problem } });
  }

  welcomed(): void {
    this.#connected = true;
    for (const report of this.#held.splice(0)) this.#send(report);
  }

  disconnected(): void {
    this.#connected = false;
  }

  #at({ pushGuid, attempt, statement }: Reported): Acknowledgement {
    return { pushGuid, attempt, statement, at: this.#link.now() };
  }

  #say(report: Report): void {
    if (this.#connected) return this.#send(report);
    this.#held.push(report);
    if (this.#held.length > keptReports) this.#held.shift();
  }

  #send(report: Report): void {
    switch (report.kind) {
      case 'delivered':
        return this.#link.delivered(report.acknowledgement);
      case 'completed':
        return this.#link.completed(report.acknowledgement);
      case 'failed':
        return this.#link.failed(report.failure);
      default:
        return report satisfies never;
    }
  }
}
