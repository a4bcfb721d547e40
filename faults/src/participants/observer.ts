import { setTimeout as sleep } from 'node:timers/promises';

import { connect, observe, type Observed } from '@cd-push/client';
import type { JournalOffset, PushView } from '@cd-push/protocol';

import type { Track } from '../history/event.ts';
import type { HistoryWriter } from '../history/history-writer.ts';
import { signIn } from '../run/installation.ts';
import { operator } from '../run/settings.ts';

const againMs = 250;

/** Follows all pushes live until it is told to stop, over whatever breaks, and notes what it is told. */
export const observeAll = async (
  { apiUrl, relayUrl }: { readonly apiUrl: string; readonly relayUrl: string },
  writer: HistoryWriter,
  signal: AbortSignal,
): Promise<void> => {
  let after: JournalOffset | undefined;
  while (!signal.aborted) {
    try {
      const session = await signIn(apiUrl, operator);
      const connection = connect({ relayUrl, session });
      try {
        for await (const observed of observe(connection, {}, { after, signal })) {
          note(observed, writer);
          if ('journal' in observed) after = observed.journal;
        }
      } finally {
        connection.close();
      }
    } catch {
      // The api is away, or the session is no good any more.
      await sleep(againMs);
    }
  }
};

const note = (observed: Observed, writer: HistoryWriter): void => {
  switch (observed.kind) {
    case 'begun':
    case 'resumed':
    case 'reset':
      for (const push of observed.open) noteView(push, writer);
      return;
    case 'accepted':
      noteView(observed.push, writer);
      return;
    case 'track':
      for (const [push, changes] of Map.groupBy(observed.changes, ({ pushGuid }) => pushGuid))
        writer.tell({ kind: 'read', push, offset: null, tracks: changes.map(trackOf) });
      return;
    case 'metrics':
      return;
    default:
      observed satisfies never;
  }
};

/** Notes a push as it was told as a whole. */
export const noteView = ({ pushGuid, offset, recipients }: PushView, writer: HistoryWriter): void =>
  writer.tell({ kind: 'read', push: pushGuid, offset, tracks: recipients.map(trackOf) });

const trackOf = ({ recipient, attempt, stage, problem }: Told): Track => ({
  recipient,
  attempt,
  stage,
  ...(problem === undefined ? {} : { problem: problem.kind }),
});

type Told = Pick<PushView['recipients'][number], 'recipient' | 'attempt' | 'stage' | 'problem'>;
