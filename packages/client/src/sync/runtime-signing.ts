import type { Scope } from '@cd-push/protocol';
import {
  cryptoPlatform,
  newSeed,
  openSession,
  signRuntimeDelegation,
  thumbprintOf,
  toBase64url,
  type Signing,
} from '@cd-push/timeline';

import type { Connection } from '../connection/connection.ts';
import { proveToRelay, signingBy } from '../session/prove-to-relay.ts';
import type { RuntimeSession } from '../session/runtime-session.ts';

/** As long as a person's session lasts. */
const sessionMs = 12 * 60 * 60 * 1000;

/**
 * Opens a session by which a runtime synchronises on its connection, in the place of one that it has opened there before. The
 * runtime's own key stands behind it, and lets it read what the runtime runs, for some hours.
 *
 * @returns what signs its turns and judges the relay's; nothing else may evolve the session.
 * @throws ProblemError `bad-certificate`, `challenge-failed` (whoever answers is no relay of the issuer's), the relay's own
 * problem, `timeout`, why the connection ended; the signal's reason.
 */
export const runtimeSigning = async (
  connection: Pick<Connection, 'clock' | 'request'>,
  { identity, key: enrolled }: Pick<RuntimeSession, 'identity' | 'key'>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Signing> => {
  const { resourceGuid: runtime, module, environment, trustRoot } = identity;
  const asked = signal === undefined ? {} : { signal };
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const own = await openSession({
    identity: await thumbprintOf(enrolled.publicKey),
    key,
    seed: newSeed(),
    nonce: toBase64url(crypto.getRandomValues(new Uint8Array(24))),
  });
  const now = () => connection.clock.now();
  const scope: Scope = {
    verbs: ['connect', 'sync'],
    grants: [{ prefix: `/${module}`, environments: [environment] }],
    expiresAt: now() + sessionMs,
  };
  const { tenant } = trustRoot;
  const delegation = await signRuntimeDelegation(
    { v: 1, runtime, tenant, session: own.address, key: key.publicKey, scope },
    enrolled,
  );
  const { genesis } = own;
  const challenge = await connection.request('open-sync', { genesis, delegation }, asked);
  const proven = await proveToRelay(own, challenge, trustRoot, now());
  await connection.request('connect-proof', { step: proven.step }, asked);
  return signingBy(proven, now);
};
