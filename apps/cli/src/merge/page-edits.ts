import { parseResource, ProblemError, problemOf, type OfferedEdit, type SettleEdit } from '@cd-push/protocol';

import { explain } from '../talk/explain.ts';
import type { LineFiles } from './line-files.ts';
import { takeEdit, type EditMerge } from './take-edit.ts';

export interface PageEditsPorts {
  readonly files: LineFiles;
  /** One thing at a time happens to files and to what they are based on. */
  readonly inTurn: <Value>(step: () => Promise<Value>) => Promise<Value>;
  /** How long it is waited at most until it is looked again without being called: nothing tells of grants that came back. */
  readonly againAfterMs?: number;
}

const usuallyAgainAfterMs = 15_000;
/** How long the relay's word counts for: an edit is written to the disk only if it said so lately that it waits for us. */
const wordHoldsMs = 1_000;
const retryAfterSeconds = 5;

/**
 * Takes what is edited where it runs into the files on the disk, from which it goes its way as a save: signed by whoever
 * watches here. Every edit is answered; one that came twice is merged into what it has become part of.
 *
 * What waits is asked of the relay each time before it is taken, and an offer is only a reason to ask: what somebody else has
 * settled meanwhile, what came over a connection that is gone, and what we may not push any more never gets to the disk.
 */
export class PageEdits {
  readonly #ports: PageEditsPorts;
  readonly #forget: (() => void)[];
  #again: ReturnType<typeof setTimeout> | undefined;
  #isCalled = false;
  #isLooking = false;
  #isClosed = false;
  /** What was said last of why nothing is taken in. */
  #told: string | undefined;

  constructor(ports: PageEditsPorts) {
    this.#ports = ports;
    const { connection } = ports.files.ports.line;
    this.#forget = [
      connection.on('edit-offered', () => this.#look()),
      // Another connection has not said yet that it takes edits in.
      connection.onStatus(({ state }) => {
        if (state === 'open') this.#look();
      }),
    ];
    this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    for (const forget of this.#forget) forget();
  }

  #look(): void {
    this.#isCalled = true;
    if (!this.#isLooking) void this.#lookWhileCalled();
  }

  async #lookWhileCalled(): Promise<void> {
    const { againAfterMs = usuallyAgainAfterMs } = this.#ports;
    this.#isLooking = true;
    clearTimeout(this.#again);
    let waitMs = againAfterMs;
    while (this.#isCalled && !this.#isClosed) {
      this.#isCalled = false;
      waitMs = againAfterMs;
      try {
        await this.#takeAll();
        this.#told = undefined;
      } catch (error) {
        waitMs = Math.min(againAfterMs, this.#failed(error));
      }
    }
    this.#isLooking = false;
    if (!this.#isClosed) this.#again = setTimeout(() => this.#look(), waitMs);
  }

  /** Says why nothing is taken in, once for as long as it stays so, and after how many milliseconds it may be otherwise. */
  #failed(error: unknown): number {
    const { line, signal, teller } = this.#ports.files.ports;
    const { sentence, problem } = explain(error);
    // A relay that is away is told of by whoever watches that, and calls when it is back.
    const isAway = line.connection.status.state !== 'open';
    if (!isAway && !signal.aborted && this.#told !== sentence) {
      this.#told = sentence;
      teller.editsFailed(sentence);
    }
    return (problem?.retryAfter ?? retryAfterSeconds) * 1000;
  }

  /** Takes in what waits, one after the other, until nothing does. */
  async #takeAll(): Promise<void> {
    const { inTurn } = this.#ports;
    /** Which we could not answer for: they are left to the next look. */
    const left = new Set<string>();
    let waiting: OfferedEdit[] = [];
    let askedAt = Number.NEGATIVE_INFINITY;
    const takeNext = async (): Promise<boolean> => {
      if (waiting.length === 0 || performance.now() - askedAt > wordHoldsMs) {
        askedAt = performance.now();
        waiting = (await this.#ask()).filter(({ edit }) => !left.has(edit));
      }
      const next = waiting.shift();
      if (next === undefined) return false;
      if (!(await this.#settle(next))) left.add(next.edit);
      return true;
    };
    while (!this.#isClosed && (await inTurn(takeNext)));
  }

  /** The oldest edits that wait for us. To ask is to say that edits are taken in over this connection. */
  async #ask(): Promise<readonly OfferedEdit[]> {
    const { line, settings, signal } = this.#ports.files.ports;
    const { environment, module } = settings;
    return (await line.connection.request('accept-edits', { environment, module }, { signal })).edits;
  }

  /** @returns whether it is answered; where that can be made good by waiting, it throws. */
  async #settle(offered: OfferedEdit): Promise<boolean> {
    const { line, signal, teller } = this.#ports.files.ports;
    const { edit, resource } = offered;
    try {
      const { outcome, problem } = await this.#merge(offered);
      teller.edited(resource, outcome, problem);
      const settlement: SettleEdit = problem === undefined ? { edit, outcome } : { edit, outcome, problem };
      await line.connection.request('settle-edit', settlement, { signal });
      return true;
    } catch (error) {
      if (signal.aborted || (error instanceof ProblemError && error.problem.retryable)) throw error;
      // One that cannot be read here, ran out meanwhile or is not ours any more is not in the way of the others.
      teller.editsFailed(`${resource}: ${explain(error).sentence}`);
      return false;
    }
  }

  async #merge(offered: OfferedEdit): Promise<EditMerge> {
    const { files } = this.#ports;
    const { environment, module } = files.ports.settings;
    const isOurs =
      parseResource(offered.resource).ok &&
      offered.resource.startsWith(`/${module}/`) &&
      offered.environment === environment;
    return isOurs
      ? takeEdit(files, offered)
      : { outcome: 'refused', problem: problemOf('forbidden', { resource: offered.resource }) };
  }
}
