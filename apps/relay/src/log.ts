import { blot } from '@cd-push/protocol';
import { pino } from 'pino';

/** What a log line may say besides its message: plain facts by name, never payloads. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where the relay's own words go. */
export interface Log {
  debug(facts: Facts, message: string): void;
  info(facts: Facts, message: string): void;
  warn(facts: Facts, message: string): void;
  error(facts: Facts, message: string): void;
}

type Level = keyof Log;

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A log that writes JSON lines. */
export const jsonLog = (options: {
  readonly level: Level | 'silent';
  /** Where the lines go; standard output by default. */
  readonly write?: (line: string) => void;
}): Log => {
  const { write } = options;
  const settings = { name: 'relay', level: options.level };
  const logger = write === undefined ? pino(settings) : pino(settings, { write });
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
  };
};

/** Lines of one message per {@link windowMs}; what a peer can provoke must not fill a disk. */
const linesPerWindow = 20;
const windowMs = 1_000;

/** A log that blots out tokens and says each message at most so often, then how often it was left out. */
export const guardedLog = (log: Log, nowMs: () => number): Log => {
  const windows = new Map<string, { since: number; lines: number }>();

  const say = (level: Level, facts: Facts, message: string): void => {
    const at = nowMs();
    const window = windows.get(message);
    if (window === undefined || at - window.since >= windowMs) {
      const unsaid = window === undefined ? 0 : Math.max(0, window.lines - linesPerWindow);
      windows.set(message, { since: at, lines: 1 });
      log[level](blotted(unsaid === 0 ? facts : { ...facts, unsaid }), message);
      return;
    }
    window.lines += 1;
    if (window.lines <= linesPerWindow) log[level](blotted(facts), message);
  };

  return {
    debug: (facts, message) => say('debug', facts, message),
    info: (facts, message) => say('info', facts, message),
    warn: (facts, message) => say('warn', facts, message),
    error: (facts, message) => say('error', facts, message),
  };
};

const blotted = (facts: Facts): Facts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? blot(value) : value]),
  );

/** What an unexpected error may say in a log. */
export const factsOf = (error: unknown): Facts =>
  error instanceof Error
    ? { error: error.name, reason: error.message, stack: error.stack ?? null }
    : { error: typeof error };
