import { fetchContent } from '@cd-push/client';
import { ProblemError, type FileVersion } from '@cd-push/protocol';
import { fromBase64, isAddress, readAddress } from '@cd-push/timeline';

import type { Line } from '../sync/line.ts';
import { textOf } from '../transform/base-entry.ts';
import type { Held, VersionReads } from './side.ts';

/** Reads versions from the relay that has them; what it gives has the digests that were signed. */
export const versionReads = (
  { connection, session }: Line,
  environment: string,
  signal: AbortSignal,
): VersionReads => {
  const contentOf = async (digest: string, atMost: number): Promise<Held> => {
    const place = { relayUrl: connection.relayUrl, session, digest, signal };
    const bytes = await orNone(fetchContent(place, atMost));
    return bytes && (textOf(bytes) ?? bytes);
  };
  const pushed = async ({ digest, bytes, stored }: FileVersion): Promise<Held> =>
    digest === null || !stored ? undefined : contentOf(digest, bytes);
  const savedAs = async ({ resource, version }: FileVersion): Promise<Held> => {
    const query = { environment, resource, version };
    const answer = await orNone(connection.request('get-source', query, { signal }));
    if (answer === undefined) return undefined;
    return 'text' in answer ? answer.text : (fromBase64(answer.base64) ?? undefined);
  };
  return {
    pushed,
    source: async (version) => {
      const { digest, source, mapDigest, componentType } = version;
      const address = isAddress(source) ? readAddress(source) : undefined;
      if (address !== undefined) return address.digest === digest ? pushed(version) : savedAs(version);
      // Of a sender that says nothing of it: code and style sheets are made of what was saved, the rest is that itself.
      return mapDigest === undefined && componentType !== 'style' ? pushed(version) : undefined;
    },
  };
};

/** What is not there any more is not shown, and no reason to show nothing. */
const orNone = async <Value>(reading: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ProblemError && missing.has(error.problem.kind)) return undefined;
    throw error;
  }
};

const missing: ReadonlySet<string> = new Set(['not-found', 'too-large']);
