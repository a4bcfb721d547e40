import { inOrder, type Outbox, type OutboxEntry } from './outbox.ts';

/** Keeps pushes for as long as the process or page lives. Nobody else shares it. */
export const memoryOutbox = (): Outbox => {
  const entries = new Map<string, OutboxEntry>();
  let isClosed = false;
  return {
    put: async (entry) => {
      if (isClosed) throw new Error('The outbox was closed.');
      entries.set(entry.pushGuid, entry);
    },
    remove: async (pushGuid) => void entries.delete(pushGuid),
    claim: async () => inOrder([...entries.values()]),
    close: async () => {
      isClosed = true;
    },
  };
};
