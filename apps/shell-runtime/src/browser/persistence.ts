import type { EpochMs } from '@cd-push/protocol';

import type { Applying, ApplyingMark } from '../record/applying-mark.ts';
import type { Base } from '../record/base.ts';
import { indexedDbStore } from '../record/indexed-db-store.ts';
import { localStorageMark } from '../record/local-storage-mark.ts';
import { onDemand } from '../on-demand.ts';
import type { KeptVersion, RecordStore } from '../record/record-store.ts';
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
    await setBack(state, crashed);
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

/** Takes back what a page has died with, and what was signed by whom nobody believes any more. */
const setBack = async (state: RunningState, crashed: readonly Applying[]): Promise<void> => {
  const isRevoked = (kept: KeptVersion | null): boolean => kept !== null && state.isRevoked(kept);
  const isUntouched = [...state.records].every(
    ({ good, next }) => !isRevoked(good) && !(next?.outcome === 'pending' && isRevoked(next.kept)),
  );
  if (crashed.length === 0 && isUntouched) return;
  const { afterCrash, withoutRevoked } = await onDemand(import('../record/set-back.ts'));
  for (const applying of crashed)
    await state.write(afterCrash(applying, (resource) => state.record(resource)));
  await state.write(withoutRevoked(state.records, isRevoked));
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
