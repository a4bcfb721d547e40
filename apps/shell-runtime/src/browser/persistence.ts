import type { EpochMs } from '@cd-push/protocol';

import type { Applying, ApplyingMark } from '../record/applying-mark.ts';
import type { Base } from '../record/base.ts';
import { indexedDbStore } from '../record/indexed-db-store.ts';
import { localStorageMark } from '../record/local-storage-mark.ts';
import type { RecordStore } from '../record/record-store.ts';
import { afterCrash, withoutRevoked } from '../record/recover.ts';
import { RunningState } from '../record/running-state.ts';
import { claimInstance, isAlive } from './instance.ts';

/** What a page remembers of its former lives, and what it may run of it. */
export interface Remembered {
  readonly instance: string;
  readonly mark: ApplyingMark;
  readonly state: RunningState;
  /** Pushes that were being applied when a page died. */
  readonly crashed: readonly Applying[];
}

/** @param scope what the record is kept under: the address of the served base. */
export const remember = async (scope: string, base: Base, at: EpochMs): Promise<Remembered> => {
  try {
    const instance = await claimInstance();
    const mark = localStorageMark(scope, instance, isAlive);
    // A page that is left while it applies something has not crashed; one that hangs is in no state to say so.
    addEventListener('pagehide', () => mark.close());
    const [state, crashed] = await Promise.all([
      RunningState.load(base, indexedDbStore(scope, instance), at),
      mark.takeLeft(),
    ]);
    for (const applying of crashed)
      await state.write(afterCrash(applying, (resource) => state.record(resource)));
    await state.write(withoutRevoked(state.records, (kept) => state.isRevoked(kept)));
    return { instance, mark, state, crashed };
  } catch (error) {
    // Outside of a secure context, or where the user blocks storage. Pushes are applied all the same; a reload starts
    // from the base, and the relay brings what is missing.
    console.warn(
      '[cd-push] This page cannot store anything: a reload will not keep what was applied.',
      error,
    );
    const instance = `unstored-${Math.random().toString(36).slice(2)}`;
    return { instance, mark: noMark, state: await RunningState.load(base, noStore, at), crashed: [] };
  }
};

const noMark: ApplyingMark = { open: () => undefined, close: () => undefined, takeLeft: async () => [] };

const noStore: RecordStore = {
  load: async () => ({
    resources: [],
    done: [],
    revokedSessions: [],
    identities: [],
    journal: null,
    auditHeads: [],
  }),
  write: async () => undefined,
  settle: async () => undefined,
};

const restartsKey = 'cd-push:restarts';
/** Each start without a push that it failed with is a reload; more than these in a row have another reason. */
const restartsInARow = 5;

/** Whether the page may be loaded again for want of a start that succeeds. */
export const mayRestart = (): boolean => {
  try {
    const restarts = Number(sessionStorage.getItem(restartsKey) ?? '0');
    sessionStorage.setItem(restartsKey, String(restarts + 1));
    return restarts < restartsInARow;
  } catch {
    return false;
  }
};

export const restarted = (): void => {
  try {
    sessionStorage.removeItem(restartsKey);
  } catch {
    // Nothing is stored, so there is nothing to forget.
  }
};
