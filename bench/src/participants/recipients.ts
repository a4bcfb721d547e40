// First of all: what is imported after it gets the function that counts.
import { verifiedNow } from './count-verifies.ts';

import { connect, enrol, onEnvelopes, runtimeSession } from '@cd-push/client';
import { protocolVersion } from '@cd-push/protocol';
import { cryptoPlatform } from '@cd-push/timeline';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { refuseForgeries } from '../push/forgeries.ts';
import { Opened, verifyPush, type Self, type Standing } from '../push/recipient-line.ts';
import { command, serve } from './serve.ts';
import { usage } from './usage.ts';

const Envelope = Type.Object({ pushData: Type.Record(Type.String(), Type.Unknown()) });

/** The last push that a recipient took, for forgeries and for the anchors, which carry the same bytes. */
let last: { readonly envelope: unknown; readonly self: Self } | undefined;

const join = async (apiUrl: string, relayUrl: string, joinCode: string): Promise<void> => {
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const identity = await enrol({ apiUrl, joinCode, key });
  const session = runtimeSession(identity, key);
  const opened = new Opened();
  const standing = new Map<string, Standing>();
  const connection = connect({
    relayUrl,
    session,
    greet: async (ask) => {
      await ask('runtime-hello', {
        protocol: protocolVersion,
        instance: 'bench',
        kind: 'node',
        base: null,
        heads: [],
        retainedBytes: 0,
      });
    },
  });
  const self = (): Self => ({
    ...session.described,
    groups: session.described.groups.map(String),
    guid: identity.resourceGuid,
    user: null,
    trust: identity.trustRoot,
  });
  const take = async (envelope: unknown): Promise<void> => {
    const verified = await verifyPush(envelope, self(), opened, standing, new Set());
    if (!verified.ok) throw new Error(`A recipient refused a push: ${JSON.stringify(verified.problem)}`);
    // Here a runtime applies what it has verified; of a style sheet nothing runs, and one report says both stages.
    connection.send('push-msg-complete', { ...verified.value, at: session.clock.now() });
    last = { envelope, self: self() };
  };
  let line = Promise.resolve();
  onEnvelopes(connection, ['apply-runtime-patch'], (envelope) => {
    line = line.then(() => take(envelope));
  });
  await connection.opened();
};

serve({
  ...usage,
  /** Enrols so many runtimes and connects them. */
  join: command(
    Type.Object({
      apiUrl: Type.String(),
      relayUrl: Type.String(),
      joinCode: Type.String(),
      count: Type.Integer(),
    }),
    async ({ apiUrl, relayUrl, joinCode, count }) => {
      // A few at a time: a thousand handshakes at once would only wait for each other.
      let left = count;
      const some = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await join(apiUrl, relayUrl, joinCode);
        }
      };
      await Promise.all(Array.from({ length: Math.min(8, count) }, some));
      return {};
    },
  ),

  /** How often a signature was verified in this process. */
  verified: command(Type.Object({}), () => ({ verified: verifiedNow() })),

  /** The last push as it came off the wire. */
  last: command(Type.Object({}), () => {
    if (!Check(Envelope, last?.envelope)) throw new Error('No push has been taken yet.');
    return last.envelope;
  }),

  refuseForgeries: command(
    Type.Object({ resource: Type.String(), session: Type.String() }),
    async (place) => {
      if (last === undefined || !Check(Envelope, last.envelope))
        throw new Error('No push has been taken yet.');
      return { refused: await refuseForgeries(last.envelope, last.self, place) };
    },
  ),
});
