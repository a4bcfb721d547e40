import type { Applying, ApplyingMark } from './applying-mark.ts';

const prefix = 'cd-push:applying:';

/**
 * The mark in `localStorage`: its only call that a page can make which is over when it returns. The browser process has
 * the value then, so it outlives a page that hangs or dies; IndexedDB would cost two turns of the event loop before
 * every evaluation. A power cut may lose the mark, after which the patch is simply tried once more.
 *
 * @param isAlive whether an instance of this browser is running; its marks are its own business.
 */
export const localStorageMark = (
  scope: string,
  instance: string,
  isAlive: (instance: string) => Promise<boolean>,
  storage: Storage = localStorage,
): ApplyingMark => {
  const family = `${prefix}${scope}:`;
  const key = family + instance;
  return {
    open: (applying) => {
      try {
        storage.setItem(key, JSON.stringify(applying));
      } catch (error) {
        // The app has used up the space. A push that is applied without a net is better than none.
        console.warn('[cd-push] Nothing would be known of a crash: the page’s storage is full.', error);
      }
    },
    close: () => storage.removeItem(key),
    async takeLeft() {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
      const left: Applying[] = [];
      for (const candidate of keys) {
        if (!candidate.startsWith(family)) continue;
        if (candidate !== key && (await isAlive(candidate.slice(family.length)))) continue;
        const applying = read(storage.getItem(candidate));
        storage.removeItem(candidate);
        if (applying !== undefined) left.push(applying);
      }
      return left;
    },
  };
};

/** Only this origin writes here; what does not parse was cut off, and says nothing. */
const read = (text: string | null): Applying | undefined => {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isApplying(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isApplying = (value: unknown): value is Applying =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  'resources' in value &&
  Array.isArray(value.resources);
