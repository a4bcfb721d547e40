/** What a tab's id is kept under; a reload keeps it, a new tab has none. */
const storageKey = 'cd-push:instance';
/** A reloaded page may ask before the browser has taken the lock from the page before it. */
const handoverMs = 250;

const lockOf = (instance: string): string => `cd-push:instance:${instance}`;

/**
 * The id of this tab: the same after a reload, another in every other tab. A duplicated tab starts with a copy of the
 * session's storage; it finds the id locked and takes one of its own.
 */
export const claimInstance = async (storage: Storage = sessionStorage): Promise<string> => {
  const former = storage.getItem(storageKey);
  if (former !== null && (await hold(former))) return former;
  const fresh = crypto.randomUUID();
  await hold(fresh);
  storage.setItem(storageKey, fresh);
  return fresh;
};

/** Whether a tab with this id lives. */
export const isAlive = async (instance: string): Promise<boolean> => {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lockOf(instance));
};

/** Takes a tab's lock for as long as the page lives. */
const hold = (instance: string): Promise<boolean> =>
  new Promise((resolve) => {
    navigator.locks
      .request(lockOf(instance), { signal: AbortSignal.timeout(handoverMs) }, () => {
        resolve(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
