import { chosen, largest, over, plus, times, whole, type Range } from './range.ts';

/** What one of each costs, as it was measured. */
export interface Costs {
  /** Bytes of a relay's memory for each runtime that is connected. */
  readonly memory: Range;
  /** Seconds of a processor that a runtime costs in a second in which nothing happens. */
  readonly idleProcessor: Range;
  /** Bytes a second over an idle connection, both ways. */
  readonly idleWire: Range;
  /** Seconds of a relay's processor for each delivery of a push to a thousand. */
  readonly delivery: Range;
  /** Bytes over a relay's sockets for each delivery, with its acknowledgements. */
  readonly deliveryWire: Range;
  /** Bytes that a push of 1 KiB to one recipient adds to the journal, and those of each further recipient. */
  readonly push: Range;
  readonly recipient: Range;
  /** Commits of the journal for each delivery of a push to many. */
  readonly commits: Range;
}

/** What is asked of an installation; each is chosen, and stands in the result. */
export const asked = {
  runtimes: 1_000_000,
  /** Pushes to every one of them in a day, and within how many seconds each is to be delivered to all. */
  pushesToAll: 20,
  seconds: 60,
  /** Of one relay: bytes of memory, connections, and the part of its one processor that it is run at. */
  memory: 4e9,
  connections: 50_000,
  load: 0.5,
  /** Days for which the journal keeps what was settled. */
  days: 30,
};

/** One line of the arithmetic. */
export interface Step extends Range {
  readonly what: string;
  readonly arithmetic: string;
  readonly unit: string;
}

/** How many relays a million runtimes take, and what that means for journal and network, line by line. */
export const stepsOf = (costs: Costs): Step[] => {
  const runtimes = chosen(asked.runtimes);
  const load = chosen(asked.load);
  const seconds = chosen(asked.seconds);
  const steps: Step[] = [];
  const step = (what: string, unit: string, arithmetic: string, range: Range): Range => {
    steps.push({ what, unit, arithmetic, ...range });
    return range;
  };
  const [all, part] = [of(runtimes), of(load)];

  const memory = step(
    'relays, by memory',
    'relays',
    `${all} × ${of(costs.memory)} B ÷ ${of(chosen(asked.memory))} B`,
    whole(over(times(runtimes, costs.memory), chosen(asked.memory))),
  );
  const connections = step(
    'relays, by connections',
    'relays',
    `${all} ÷ ${of(chosen(asked.connections))}`,
    whole(over(runtimes, chosen(asked.connections))),
  );
  const idle = step(
    'relays, by processors while nothing happens',
    'relays',
    `${all} × ${of(costs.idleProcessor)} ÷ ${part}`,
    whole(over(times(runtimes, costs.idleProcessor), load)),
  );
  const busy = step(
    `relays, by processors for a push to all within ${asked.seconds} s`,
    'relays',
    `(${all} × ${of(costs.delivery)} s ÷ ${asked.seconds} s + ${all} × ${of(costs.idleProcessor)}) ÷ ${part}`,
    whole(
      over(plus(over(times(runtimes, costs.delivery), seconds), times(runtimes, costs.idleProcessor)), load),
    ),
  );
  const relays = step('relays', 'relays', 'the largest of these', largest([memory, connections, idle, busy]));
  step('connections of each relay', 'connections', `${all} ÷ ${of(relays)}`, whole(over(runtimes, relays)));

  const perPush = step(
    'journal, for a push of 1 KiB to all',
    'B',
    `${of(costs.push)} B + ${all} × ${of(costs.recipient)} B`,
    plus(costs.push, times(runtimes, costs.recipient)),
  );
  step(
    `journal, kept for ${asked.days} days`,
    'B',
    `${of(perPush)} B × ${asked.pushesToAll} × ${asked.days}`,
    times(perPush, chosen(asked.pushesToAll), chosen(asked.days)),
  );
  step(
    'commits of the journal while a push goes to all',
    'a second',
    `${all} × ${of(costs.commits)} ÷ ${asked.seconds} s`,
    over(times(runtimes, costs.commits), seconds),
  );

  const bits = chosen(8 / 1e6);
  step(
    'network while nothing happens',
    'Mbit/s',
    `${all} × ${of(costs.idleWire)} B/s × 8 ÷ 10⁶`,
    times(runtimes, costs.idleWire, bits),
  );
  const wire = step(
    'network while a push of 1 KiB goes to all',
    'Mbit/s',
    `${all} × ${of(costs.deliveryWire)} B ÷ ${asked.seconds} s × 8 ÷ 10⁶`,
    times(over(times(runtimes, costs.deliveryWire), seconds), bits),
  );
  step('the same at each relay', 'Mbit/s', `${of(wire)} ÷ ${of(relays)}`, over(wire, relays));
  return steps;
};

/** Four digits say as much as was measured. */
const of = ({ value }: Range): string => value.toLocaleString('en', { maximumSignificantDigits: 4 });
