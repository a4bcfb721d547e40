// A developer's machine, or a runtime: a process with timelines of its own, which it synchronises with a relay when it is told to.
import {
  connect,
  enrol,
  login,
  relayPeer,
  runtimeSession,
  runtimeSigning,
  type RuntimeSession,
  type Session,
} from '@cd-push/client';
import { ProblemError } from '@cd-push/protocol';
import { cryptoPlatform, MemorySpace, SyncSession, type SyncPeer } from '@cd-push/timeline';

import type { Call, Calls, Reply, Synced } from './calls.ts';

let space = new MemorySpace();
let session: Session | RuntimeSession | undefined;

const sync = async ({ relayUrl, wanted }: Calls['sync']['given']): Promise<Synced> => {
  if (session === undefined) throw new Error('Nobody is signed in.');
  const connection = connect({ relayUrl, session });
  const traffic = { messages: 0, bytes: 0 };
  try {
    await connection.opened({ patience: 'first-failure' });
    const signing =
      'connecting' in session ? connection.syncSigning() : await runtimeSigning(connection, session);
    const peer = counted(relayPeer(connection, { closesConnection: true }), (message) => {
      traffic.messages += 1;
      traffic.bytes += Buffer.byteLength(JSON.stringify(message));
    });
    const result = await new SyncSession({ space, peer, signing }).sync(wanted).done;
    return { result, ...traffic };
  } finally {
    connection.close();
  }
};

const counted = (peer: SyncPeer, count: (message: object) => void): SyncPeer => ({
  exchange: async (turn, signal) => {
    count(turn);
    const answer = await peer.exchange(turn, signal);
    count(answer);
    return answer;
  },
  close: () => peer.close(),
});

const answer = async (call: Call): Promise<Calls[Call['name']]['value']> => {
  switch (call.name) {
    case 'sign-in': {
      const signedIn = await login(call.given);
      session = signedIn;
      return signedIn.account.tenant;
    }
    case 'enrol': {
      const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
      const identity = await enrol({ ...call.given, key });
      session = runtimeSession(identity, key);
      return identity.resourceGuid;
    }
    case 'reset':
      space = new MemorySpace();
      return null;
    case 'get':
      return space.get(call.given);
    case 'has':
      return space.has(call.given);
    case 'tip':
      return space.tip(call.given);
    case 'tips':
      return space.tips(call.given.after, call.given.limit);
    case 'commit':
      return space.commit(call.given);
    case 'sync':
      return sync(call.given);
    default:
      return call satisfies never;
  }
};

const reply = async (call: Call): Promise<Reply> => {
  const { id } = call;
  try {
    return { id, type: 'value', value: await answer(call) };
  } catch (error) {
    if (error instanceof ProblemError) return { id, type: 'problem', problem: error.problem };
    return { id, type: 'failure', message: error instanceof Error ? error.message : 'Unknown.' };
  }
};

process.on('message', (call: Call) => {
  void reply(call).then((said) => process.send?.(said));
});
// Whoever started this process is gone.
process.on('disconnect', () => process.exit());
