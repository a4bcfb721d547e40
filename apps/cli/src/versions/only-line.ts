import { usageError } from '../cli-error.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line } from '../sync/line.ts';
import type { Lines } from '../sync/open-lines.ts';

/**
 * Versions are a relay's: each has a history of its own.
 *
 * @throws CliError where the settings name two.
 */
export const requireOneRelay = ({ syncMode }: Settings): void => {
  if (syncMode === 'hybrid')
    throw usageError('Each relay has versions of its own.', 'Say whose: --mode local or --mode remote');
};

export const onlyLine = ({ all: [line] }: Lines): Line => {
  if (line === undefined) throw new TypeError('There is no relay.');
  return line;
};
