import { observe } from '@cd-push/client';

import { explain } from '../talk/explain.ts';
import type { MergeTeller } from '../merge/merge-teller.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { MergingLine } from './save-sender.ts';

export interface ObserveOthersOptions {
  readonly settings: Settings;
  /** Pushes of this process. */
  readonly own: ReadonlySet<string>;
  readonly teller: MergeTeller;
  readonly signal: AbortSignal;
  /** Files of the project that somebody else has pushed; undefined stands for any of them. */
  readonly onPushed: (resources: readonly string[] | undefined) => void;
}

/** Hears of what others push of the project's files, over breaks of the connection too, until the signal says to stop. */
export const observeOthers = async (
  { line }: MergingLine,
  { settings, own, teller, signal, onPushed }: ObserveOthersOptions,
): Promise<void> => {
  const filter = {
    environment: settings.environment,
    prefix: `/${settings.module}/`,
    tell: 'accepted' as const,
  };
  try {
    for await (const observed of observe(line.connection, filter, { signal })) {
      if (observed.kind === 'reset') onPushed(undefined);
      if (observed.kind !== 'accepted' || own.has(observed.push.pushGuid)) continue;
      onPushed(observed.push.patches.map(({ resource }) => resource));
    }
  } catch (error) {
    // What ends the connection is told by whoever watches that.
    if (!signal.aborted && line.connection.status.state !== 'ended') teller.failed(explain(error).sentence);
  }
};
