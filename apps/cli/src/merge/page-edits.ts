import {
  isOfferedEdit,
  parseResource,
  problemOf,
  type OfferedEdit,
  type SettleEdit,
} from '@cd-push/protocol';

import { explain } from '../talk/explain.ts';
import type { LineFiles } from './line-files.ts';
import { takeEdit, type EditMerge } from './take-edit.ts';

export interface PageEditsPorts {
  readonly files: LineFiles;
  /** One thing at a time happens to files and to what they are based on. */
  readonly inTurn: (step: () => Promise<void>) => Promise<void>;
}

/**
 * Takes what is edited where it runs into the files on the disk, from which it goes its way as a save: signed by whoever
 * watches here. Every edit is answered; one that came twice is merged into what it has become part of.
 */
export class PageEdits {
  readonly #ports: PageEditsPorts;
  readonly #taken = new Set<string>();
  readonly #forget: (() => void)[];

  constructor(ports: PageEditsPorts) {
    this.#ports = ports;
    const { connection } = ports.files.ports.line;
    this.#forget = [
      connection.on('edit-offered', (payload) => {
        if (isOfferedEdit(payload)) this.#take(payload);
      }),
      // Another connection has not said yet that it takes edits in.
      connection.onStatus(({ state }) => {
        if (state === 'open') void this.#accept();
      }),
    ];
    void this.#accept();
  }

  close(): void {
    for (const forget of this.#forget) forget();
  }

  async #accept(): Promise<void> {
    const { line, settings, signal, teller } = this.#ports.files.ports;
    const { environment, module } = settings;
    try {
      const { edits } = await line.connection.request('accept-edits', { environment, module }, { signal });
      for (const edit of edits) this.#take(edit);
    } catch (error) {
      if (!signal.aborted) teller.failed(explain(error).sentence);
    }
  }

  #take(edit: OfferedEdit): void {
    if (this.#taken.has(edit.edit)) return;
    this.#taken.add(edit.edit);
    const { inTurn, files } = this.#ports;
    const { signal, teller } = files.ports;
    void inTurn(async () => {
      try {
        await this.#settle(edit);
      } catch (error) {
        // It is offered again to the next connection.
        this.#taken.delete(edit.edit);
        if (!signal.aborted) teller.failed(explain(error).sentence);
      }
    });
  }

  async #settle(offered: OfferedEdit): Promise<void> {
    const { files } = this.#ports;
    const { line, settings, signal, teller } = files.ports;
    const named = parseResource(offered.resource);
    const isOurs =
      named.ok &&
      offered.resource.startsWith(`/${settings.module}/`) &&
      offered.environment === settings.environment;
    const merged: EditMerge = isOurs
      ? await takeEdit(files, offered)
      : { outcome: 'refused', problem: problemOf('forbidden', { resource: offered.resource }) };
    const { edit, resource } = offered;
    const settlement: SettleEdit =
      merged.problem === undefined
        ? { edit, outcome: merged.outcome }
        : { edit, outcome: merged.outcome, problem: merged.problem };
    await line.connection.request('settle-edit', settlement, { signal });
    teller.edited(resource, merged.outcome, merged.problem);
  }
}
