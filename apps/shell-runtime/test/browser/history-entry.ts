import { indexedDbSpace, pullHistory } from '@cd-push/client';
import { sourceOf, walk } from '@cd-push/timeline';

import { pageSession } from '../../src/session.ts';

declare global {
  /** Pulls what this page runs into IndexedDB; answers how many objects came, and each file's sources, the latest first. */
  var pullHere: () => Promise<{ readonly objects: number; readonly sources: Record<string, string[]> }>;
}

globalThis.pullHere = async () => {
  const boot = (await (await fetch('/boot.json')).json()) as { apiUrl: string; relayUrl: string };
  const session = await pageSession({ apiUrl: boot.apiUrl, module: 'app' });
  const space = indexedDbSpace();
  try {
    const { files, received } = await pullHistory({ relayUrl: boot.relayUrl, session, space });
    const sources: Record<string, string[]> = {};
    for (const { resource, tip } of files) {
      const texts: string[] = [];
      for await (const { frame } of walk(space, tip === undefined ? [] : [tip])) {
        const source = sourceOf(frame);
        const bytes = source === undefined ? undefined : await space.get(source);
        if (bytes !== undefined) texts.push(new TextDecoder().decode(bytes));
      }
      sources[resource] = texts;
    }
    return { objects: received.objects, sources };
  } finally {
    await space.close();
  }
};
