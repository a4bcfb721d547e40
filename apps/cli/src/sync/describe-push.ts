import type { PushView } from '@cd-push/protocol';

const named = 2;

/** What a push brings, in a few words: its files, or what else it is. */
export const describePush = ({ patches, trigger }: Pick<PushView, 'patches' | 'trigger'>): string => {
  if (patches.length === 0) return messages.get(trigger) ?? trigger;
  const shown = patches.slice(0, named).map(({ resource, change, restores }) => {
    if (restores !== undefined) return `${resource} (rolled back)`;
    return change === 'put' ? resource : `${resource} (${change})`;
  });
  const more = patches.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const messages: ReadonlyMap<string, string> = new Map([
  ['notify', 'a notice'],
  ['run-operation', 'an operation'],
]);
