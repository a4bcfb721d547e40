import { ProblemError, problemOf, type EditSettled, type SaveEdit } from '@cd-push/protocol';

import type { Link } from '../link/link.ts';
import type { SavedEdit } from './saved-edit.ts';

export interface SavedEditsPorts {
  readonly link: Pick<Link, 'saveEdit'>;
  /** The version that runs; digest null where there is no such file. */
  readonly standing: (resource: string) => { readonly version: number; readonly digest: string | null };
}

interface Open {
  readonly edit: SaveEdit;
  readonly settle: (saved: SavedEdit) => void;
}

const againAfterMs = 5_000;

/** Edits that were made here, on their way to a developer: each is sent until it is heard what became of it. */
export class SavedEdits {
  readonly #ports: SavedEditsPorts;
  readonly #open = new Map<string, Open>();

  constructor(ports: SavedEditsPorts) {
    this.#ports = ports;
  }

  /**
   * @param text the whole file as it shall be: its source, not what is made of it.
   * @returns when a developer has taken it in or refused it, which may be long after.
   */
  save(resource: string, text: string): Promise<SavedEdit> {
    const { version, digest } = this.#ports.standing(resource);
    if (digest === null) {
      const problem = problemOf('not-found', { resource, detail: `There is no ${resource} here.` });
      return Promise.resolve({ outcome: 'refused', problem });
    }
    const edit: SaveEdit = { edit: crypto.randomUUID(), resource, version, digest, text };
    const { promise, resolve } = Promise.withResolvers<SavedEdit>();
    this.#open.set(edit.edit, { edit, settle: resolve });
    void this.#send(edit);
    return promise;
  }

  /** The relay is there again, and may have forgotten. */
  connected(): void {
    for (const { edit } of this.#open.values()) void this.#send(edit);
  }

  settled({ edit, outcome, problem }: EditSettled): void {
    const open = this.#open.get(edit);
    this.#open.delete(edit);
    open?.settle(problem === undefined ? { outcome } : { outcome, problem });
  }

  async #send(edit: SaveEdit): Promise<void> {
    try {
      await this.#ports.link.saveEdit(edit);
    } catch (error) {
      const problem =
        error instanceof ProblemError ? error.problem : problemOf('internal', { detail: String(error) });
      if (!problem.retryable) {
        this.settled({ edit: edit.edit, outcome: 'refused', problem });
        return;
      }
      const waitMs = problem.retryAfter === undefined ? againAfterMs : problem.retryAfter * 1000;
      setTimeout(() => {
        if (this.#open.has(edit.edit)) void this.#send(edit);
      }, waitMs);
    }
  }
}
