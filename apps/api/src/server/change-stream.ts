import type { ServerResponse } from 'node:http';

import type { ChangeFeed, ChangeRow } from '@cd-push/store';

import type { ChangeWatch } from './change-watch.ts';

/** A comment at this distance keeps proxies from cutting an idle stream, and shows either side that the other is there. */
const heartbeatMs = 15_000;
/** Heartbeats that may pass while nothing can be written: 45 s. Then the reader is taken for gone. */
const stalledHeartbeats = 3;
/** Rows that are read at once, and so the most that wait here for a slow reader. */
const batch = 64;

/**
 * Writes every row after a sequence to a response, from now until it closes, as server-sent events. Rows are read only as
 * fast as they are taken: what a slow reader has not got waits in the store.
 *
 * @param onFailure is called once, with why the feed could not be read; the response is destroyed then.
 */
export const streamChanges = (
  response: ServerResponse,
  changes: ChangeFeed,
  watch: ChangeWatch,
  after: number,
  onFailure: (error: unknown) => void,
): void => {
  let sequence = after;
  let pending: ChangeRow[] = [];
  let more = false;
  let sending = false;

  /** One at a time; who finds it busy has left word in `more`. */
  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    try {
      while (!response.writableNeedDrain && !response.destroyed) {
        const row = pending.shift();
        if (row !== undefined) {
          sequence = row.sequence;
          response.write(frameOf(row));
        } else if (more) {
          more = false;
          pending = await changes.after(sequence, batch);
          more ||= pending.length === batch;
        } else {
          break;
        }
      }
    } catch (error) {
      onFailure(error);
      response.destroy();
    } finally {
      // In the same turn as the last look at the loop's condition, so that no wake-up falls in between.
      sending = false;
    }
  };
  const look = (): void => {
    more = true;
    void send();
  };

  let stalled = 0;
  const beat = (): void => {
    stalled = response.writableNeedDrain ? stalled + 1 : 0;
    if (stalled >= stalledHeartbeats) response.destroy();
    else if (stalled === 0) response.write(': still here\n\n');
  };

  const stop = watch.onAppended(look);
  const heartbeat = setInterval(beat, heartbeatMs);
  response.on('drain', () => void send());
  response.on('close', () => {
    stop();
    clearInterval(heartbeat);
  });
  look();
};

const frameOf = ({ sequence, at, change }: ChangeRow): string =>
  `event: ${change.kind}\nid: ${sequence}\ndata: ${JSON.stringify({ ...change, at })}\n\n`;
