import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** pino's number for `error`. */
const errorLevel = 50;

export interface ServiceLog {
  /** Takes one line of JSON, as pino writes it. */
  readonly write: (line: string) => void;
  close(): void;
}

/**
 * Where api and relay log: a file of the data folder, anew at each start. People in front of the terminal are told of
 * errors alone.
 */
export const serviceLog = (dataFolder: string, tell: (message: string) => void): ServiceLog => {
  const path = join(dataFolder, 'stack.log');
  const file = openSync(path, 'w', 0o600);
  let isOpen = true;
  return {
    write: (line) => {
      if (isOpen) writeSync(file, line);
      const error = errorOf(line);
      if (error !== undefined) tell(`${error} (more in ${path})`);
    },
    close: () => {
      isOpen = false;
      closeSync(file);
    },
  };
};

const errorOf = (line: string): string | undefined => {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('level' in entry) || !('msg' in entry))
      return undefined;
    return typeof entry.level === 'number' && entry.level >= errorLevel ? String(entry.msg) : undefined;
  } catch {
    return undefined;
  }
};
