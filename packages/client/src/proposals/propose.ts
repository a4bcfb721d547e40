import type { ProposePushAnswer } from '@cd-push/protocol';
import { utf8 } from '@cd-push/timeline';

import { uploadContent } from '../contents/upload-content.ts';
import type { OutboxEntry } from '../outbox/outbox.ts';
import { predecessorOf } from '../publisher/encode-patch.ts';
import { fitEnvelope } from '../publisher/fit-envelope.ts';
import { framePatches } from '../publisher/frame-patches.ts';
import type { HeadCache } from '../publisher/head-cache.ts';
import { placeStatement } from '../publisher/place-statement.ts';
import type { PushRequest } from '../publisher/push-request.ts';
import type { SenderConnection } from '../publisher/sender-connection.ts';
import { signEntry } from '../publisher/sign-entry.ts';
import type { Session } from '../session/session.ts';

interface ProposingPorts {
  readonly connection: SenderConnection;
  readonly session: Session;
  readonly heads: HeadCache;
  readonly signal: AbortSignal;
  readonly onUpload: PushRequest['onUpload'] | undefined;
}

/**
 * Signs a push that was drafted, upon what is in place now, and puts it before others. Nothing of it is kept here: where it
 * does not come to the relay, nothing was proposed.
 *
 * @throws ProblemError why it is not taken, or did not come there.
 */
export const propose = async (
  drafted: OutboxEntry,
  { connection, session, heads, signal, onUpload }: ProposingPorts,
): Promise<ProposePushAnswer> => {
  const { statement: draft } = drafted;
  const below =
    draft.kind === 'patch' ? await heads.get(draft.environment, draft.patches.map(predecessorOf)) : [];
  const { entry } = await framePatches(drafted, below);
  const signer = connection.signer ?? (await session.signer());
  const signed = await signEntry(session, signer, entry, (at) => placeStatement(entry.statement, below, at));
  const { envelope, stored } = fitEnvelope(signed.envelope);
  const pieces = stored.map((content) => (typeof content === 'string' ? utf8(content) : content));
  const bytesInAll = pieces.reduce((sum, { length }) => sum + length, 0);
  let bytes = 0;
  for (const piece of pieces) {
    onUpload?.({ bytes, bytesInAll });
    await uploadContent({ relayUrl: connection.relayUrl, session, signal }, piece);
    bytes += piece.length;
  }
  return connection.request('propose-push', envelope, { signal });
};
