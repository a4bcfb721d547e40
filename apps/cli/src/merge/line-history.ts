import { join } from 'node:path';

import { openSync, syncOnce, type Signer } from '@cd-push/client';
import type { Address, Space, SyncSession } from '@cd-push/timeline';

import { credentialFolder } from '../credentials/config-folder.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line } from '../sync/line.ts';
import { folderSpace } from '../timelines/folder-space.ts';

/**
 * Where a developer keeps what belongs to one relay: what is behind another one has other timelines. The stack here changes
 * its address from start to start, and stays the same one.
 */
export const developerFolder = (
  env: Readonly<Record<string, string | undefined>>,
  { dataFolder }: Pick<Settings, 'dataFolder'>,
  { name, apiUrl }: Pick<Line, 'name' | 'apiUrl'>,
): string => {
  const place = name === 'local' ? name : (credentialFolder(env, apiUrl).split(/[/\\]/u).at(-1) ?? name);
  return join(dataFolder, 'developer', 'timelines', place);
};

/** Timelines as one relay has them: tips here follow those there, and never move on by themselves. */
export class LineHistory {
  readonly space: Space;
  readonly #line: Line;
  #session: SyncSession | undefined;
  /** By which the connection was made. */
  #of: Signer | undefined;

  constructor(line: Line, folder: string) {
    this.space = folderSpace(folder);
    this.#line = line;
  }

  /**
   * Brings over what is lacking here of these timelines.
   *
   * @throws ProblemError where the relay cannot be reached, or what did not hold; the signal's reason.
   */
  async pull(timelines: readonly Address[], signal: AbortSignal): Promise<void> {
    if (timelines.length === 0) return;
    const wanted = { timelines, strategy: 'manual' } as const;
    const { connection, session } = this.#line;
    const options = { space: this.space };
    // A connection synchronises by one session for as long as it lasts. One that has come back is another connection.
    if (this.#session === undefined || this.#of !== connection.signer) {
      this.#session = await openSync(connection, options, { signal });
      this.#of = connection.signer;
    }
    if (this.#session.isClosed)
      await syncOnce({ ...options, relayUrl: connection.relayUrl, session, wanted, signal });
    else await this.#session.sync(wanted, { signal }).done;
  }

  close(): void {
    this.#session?.disconnect();
  }
}
