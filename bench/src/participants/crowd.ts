import { clientCpu, Participant, type ParticipantOptions } from './participant.ts';

/** How many clients one process holds: more would wait for its collections of garbage. */
const perProcess = 1_000;

/** Any number of clients, in as many processes as they need, all on the processor of clients. */
export class Crowd implements AsyncDisposable {
  readonly #options: ParticipantOptions;
  readonly #processes: { readonly participant: Participant; held: number }[] = [];

  constructor(options: Omit<ParticipantOptions, 'cpu'>) {
    this.#options = { ...options, cpu: clientCpu };
  }

  /** Every process that was started. */
  get processes(): readonly Participant[] {
    return this.#processes.map(({ participant }) => participant);
  }

  /** Has so many more clients made, each process its part after the one before it. */
  async add(count: number, make: (process: Participant, count: number) => Promise<void>): Promise<void> {
    for (let left = count; left > 0;) {
      const process = await this.#withRoom();
      const part = Math.min(left, perProcess - process.held);
      await make(process.participant, part);
      process.held += part;
      left -= part;
    }
  }

  async #withRoom(): Promise<{ readonly participant: Participant; held: number }> {
    const known = this.#processes.find(({ held }) => held < perProcess);
    if (known !== undefined) return known;
    const started = { participant: await Participant.start(this.#options), held: 0 };
    this.#processes.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.processes.map((process) => process[Symbol.asyncDispose]()));
  }
}
