import type { Bar } from './result.ts';

/** What is asked for, by the id of its figure, with the suite that measures it. */
export const bars: Readonly<Record<string, { readonly suite: string; readonly bar: Bar }>> = {
  'push.undurable': { suite: 'push', bar: { atMost: 1.9 } },
  'push.undurable.16k': { suite: 'push', bar: { atMost: 1.9 } },
  'push.undurable.64k': { suite: 'push', bar: { atMost: 1.9 } },
  'push.durable': { suite: 'push', bar: { atMost: 2.6 } },
  'push.durable.16k': { suite: 'push', bar: { atMost: 2.6 } },
  'push.durable.64k': { suite: 'push', bar: { atMost: 2.6 } },
  'throughput.durable': { suite: 'push', bar: { atLeast: 0.65 } },
  'fanout.1000': { suite: 'fan-out', bar: { atLeast: 0.75 } },
  'fanout.cpu': { suite: 'fan-out', bar: { atMost: 1.35 } },
  'catchup.bytes': { suite: 'catchup', bar: { atMost: 1.2 } },
  'catchup.besides': { suite: 'catchup', bar: { atMost: 400 } },
  'growth.accept': { suite: 'growth', bar: { atMost: 1.2 } },
  'save.style.tab1': { suite: 'save', bar: { atMost: 0.4 } },
  'save.style.tab8': { suite: 'save', bar: { atMost: 0.4 } },
  'save.module.tab1': { suite: 'save', bar: { atMost: 0.65 } },
  'save.module.tab8': { suite: 'save', bar: { atMost: 0.7 } },
  'memory.idle': { suite: 'memory', bar: { atMost: 1.3 } },
  'cpu.idle': { suite: 'memory', bar: { atMost: 2 } },
  'timeline.sign.ms': { suite: 'timeline', bar: { atMost: 0.5 } },
  'timeline.verify.ms': { suite: 'timeline', bar: { atMost: 0.5 } },
  'timeline.append': { suite: 'timeline', bar: { atMost: 1.2 } },
  'runtime.full': { suite: 'start', bar: { atMost: 45 } },
  'runtime.core': { suite: 'start', bar: { atMost: 20 } },
};
