import { isAddress, type Relations, type Space, type SyncedTimeline } from '@cd-push/timeline';

import { connect, type Connection } from '../connection/connection.ts';
import type { RuntimeSession } from '../session/runtime-session.ts';
import { openSync } from './open-sync.ts';

/** Files and their timelines, in the order of the files' names. */
type FileTimelines = readonly { readonly resource: string; readonly timeline: string }[];

/**
 * The timelines of what a runtime runs: of every file of its module in its environment that has one, deleted ones included,
 * page by page.
 *
 * @throws ProblemError `forbidden` to whoever is no runtime, `timeout`, why the connection ended; the signal's reason.
 */
export async function* listTimelines(
  connection: Pick<Connection, 'request'>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<FileTimelines, void, undefined> {
  const asked = signal === undefined ? {} : { signal };
  let after: string | undefined;
  for (;;) {
    const query = after === undefined ? {} : { after };
    const { timelines, more } = await connection.request('list-timelines', query, asked);
    if (timelines.length > 0) yield timelines;
    after = timelines.at(-1)?.resource;
    if (!more || after === undefined) return;
  }
}

export interface PullHistoryOptions {
  readonly relayUrl: string;
  readonly session: RuntimeSession;
  /** Where the history comes to. */
  readonly space: Space;
  /** Of the space, where several synchronisations share them. */
  readonly relations?: Relations | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file with what became of its timeline here. */
export interface PulledFile extends SyncedTimeline {
  readonly resource: string;
}

export interface PulledHistory {
  readonly files: readonly PulledFile[];
  readonly received: { readonly objects: number; readonly bytes: number };
}

/**
 * Brings the whole verified history of what a runtime runs into a space of its own, or what was added to it since the last time:
 * to look at it without a connection, to audit it, to work upon it. The connection is one of its own, and closed whatever comes
 * of it.
 *
 * @throws ProblemError where the relay cannot be reached, or what did not hold; the signal's reason. What came before is kept.
 */
export const pullHistory = async ({
  relayUrl,
  session,
  signal,
  ...options
}: PullHistoryOptions): Promise<PulledHistory> => {
  const connection = connect({ relayUrl, session });
  try {
    await connection.opened({ signal, patience: 'first-failure' });
    const sync = await openSync(connection, { ...options, runtime: session }, { signal });
    const files: PulledFile[] = [];
    const received = { objects: 0, bytes: 0 };
    for await (const page of listTimelines(connection, { signal })) {
      const names = new Map(
        page.flatMap(({ resource, timeline }) =>
          isAddress(timeline) ? [[timeline, resource] as const] : [],
        ),
      );
      const saga = sync.sync({ timelines: [...names.keys()] }, signal === undefined ? {} : { signal });
      const result = await saga.done;
      received.objects += result.received.objects;
      received.bytes += result.received.bytes;
      for (const synced of result.timelines) {
        const resource = names.get(synced.timeline);
        if (resource !== undefined) files.push({ ...synced, resource });
      }
    }
    return { files, received };
  } finally {
    connection.close();
  }
};
