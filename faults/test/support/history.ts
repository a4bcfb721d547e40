import type { Event, EventOf, Said, Stage } from '../../src/history/event.ts';

/** A history written by hand: each call is a line, a second after the one before it. */
export class History {
  readonly events: Event[] = [];
  readonly #lines = new Map<string, number>();
  #seconds = 0;

  tell(by: string, said: Said): this {
    const line = (this.#lines.get(by) ?? 0) + 1;
    this.#lines.set(by, line);
    this.#seconds += 1;
    const machineMs = this.#seconds * 1000;
    this.events.push({ by, life: 1, line, at: 1_700_000_000_000 + machineMs, machineMs, ...said });
    return this;
  }

  wait(seconds: number): this {
    this.#seconds += seconds;
    return this;
  }

  joined(...runtimes: string[]): this {
    for (const runtime of runtimes)
      this.tell(runtime, { kind: 'joined', runtime, recipient: `${runtime}#1`, isHostile: false });
    return this;
  }

  start(runtime: string, standing: EventOf<'start'>['standing'] = {}): this {
    return this.tell(runtime, { kind: 'start', runtime, standing });
  }

  invoke(push: string, more: Partial<EventOf<'invoke'>> = {}): this {
    return this.tell('sender-1', {
      kind: 'invoke',
      push,
      carries: 'patch',
      resources: ['/a'],
      to: 'everyone',
      session: 'session-1',
      deliverBy: null,
      ...more,
    });
  }

  ok(push: string, ...runtimes: string[]): this {
    const recipients = runtimes.map((runtime) => `${runtime}#1`);
    return this.tell('sender-1', { kind: 'ok', push, duplicate: false, recipients });
  }

  fail(push: string): this {
    return this.tell('sender-1', { kind: 'fail', push, problem: 'conflict' });
  }

  /** What an observer is told: its place in the journal, and each runtime's stage. */
  read(
    push: string,
    offset: number | null,
    stages: Record<string, Stage>,
    more: { attempt?: number; problem?: string; by?: string } = {},
  ): this {
    const { attempt = 1, problem, by = 'observer' } = more;
    const tracks = Object.entries(stages).map(([runtime, stage]) => ({
      recipient: `${runtime}#1`,
      attempt,
      stage,
      ...(problem === undefined ? {} : { problem }),
    }));
    return this.tell(by, { kind: 'read', push, offset, tracks });
  }

  effect(runtime: string, push: string, resource: string | null = '/a'): this {
    return this.tell(runtime, { kind: 'effect', runtime, push, resource });
  }

  state(runtime: string, standing: EventOf<'state'>['standing']): this {
    return this.tell(runtime, { kind: 'state', runtime, standing });
  }

  /** A push of one file, `/a` by default, that ran as it should at `one`. */
  good(push: string, offset: number, more: Partial<EventOf<'invoke'>> = {}): this {
    const [resource] = more.resources ?? ['/a'];
    return this.invoke(push, more)
      .ok(push, 'one')
      .effect('one', push, resource)
      .read(push, offset, { one: 'completed' });
  }
}

/** A history in which runtime `one` has joined and its program has started. */
export const begun = (): History => new History().joined('one').start('one');
