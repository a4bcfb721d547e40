import { unpackEnvelope } from '@cd-push/timeline';

/** An envelope and what came attached to it as one envelope; the envelope as it is where that is no pack. */
export const unpacked = async (payload: unknown, attached: unknown): Promise<unknown> => {
  const bytes = attached instanceof ArrayBuffer ? new Uint8Array(attached) : attached;
  return (bytes instanceof Uint8Array ? await unpackEnvelope(payload, bytes) : undefined) ?? payload;
};
