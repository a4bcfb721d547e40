import type { Event } from '../history/event.ts';

/** How a run stands while it is under way. */
export class Progress {
  /** Accepted pushes of which some recipient may still move, with when each was accepted by the machine's clock. */
  readonly open = new Map<string, number>();
  /** Pushes of which nobody knows whether they were accepted. */
  readonly doubtful = new Set<string>();
  /** Recipients' names of the runtimes to whom something is promised, by the runtimes' own. */
  readonly joined = new Map<string, string>();
  /** Senders that have nothing more to send. */
  readonly drained = new Set<string>();
  readonly faults = new Map<string, number>();
  accepted = 0;
  refused = 0;
  effects = 0;
  kills = 0;
  rounds = 0;
  readonly #answered = new Set<string>();

  take(events: readonly Event[]): void {
    for (const event of events) this.#take(event);
  }

  #take(event: Event): void {
    if (event.kind === 'invoke') this.doubtful.add(event.push);
    else if (event.kind === 'ok') {
      this.doubtful.delete(event.push);
      if (this.#answered.has(event.push)) return;
      this.#answered.add(event.push);
      this.open.set(event.push, event.machineMs);
      this.accepted += 1;
    } else if (event.kind === 'fail') {
      this.doubtful.delete(event.push);
      this.refused += 1;
    } else if (event.kind === 'drained') this.drained.add(event.by);
    else if (event.kind === 'joined' && !event.isHostile) this.joined.set(event.runtime, event.recipient);
    else if (event.kind === 'effect') this.effects += 1;
    else if (event.kind === 'round') this.rounds = event.round;
    else if (event.kind === 'fault') {
      this.kills += event.kills;
      this.faults.set(event.fault, (this.faults.get(event.fault) ?? 0) + 1);
    }
  }
}
