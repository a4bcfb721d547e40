import { connect, enrol, onEnvelopes, runtimeSession, type Connection } from '@cd-push/client';
import {
  isEditSettled,
  now,
  parseEnvelope,
  problemOf,
  type EditSettled,
  type ICdPushEnvelop,
  type Statement,
} from '@cd-push/protocol';
import {
  cryptoPlatform,
  openAcceptance,
  openCertificate,
  openContent,
  openRelayCertificate,
  openStatement,
  type TrustRoot,
  type HeldContent,
  type VerifiedContent,
} from '@cd-push/timeline';

import { contentDigest } from '../../src/transform/content-digest.ts';

/** What a runtime does with a push once it has verified it. */
export type Behaviour = 'complete' | 'fail' | 'deliver-only' | 'silent';

/** One push as it arrived here, every signature of it checked. */
interface Received {
  readonly statement: Statement;
  readonly contents: readonly VerifiedContent[];
  readonly envelope: ICdPushEnvelop;
}

interface StackPlace {
  readonly apiUrl: string;
  readonly relayUrl: string;
}

export interface FakeRuntime {
  readonly guid: string;
  readonly received: readonly Received[];
  behave(behaviour: Behaviour): void;
  /** Edits a file where it runs, of which nothing was pushed yet; resolves when somebody says what became of it. */
  edit(resource: string, served: string, text: string): Promise<EditSettled>;
  /** Resolves when this many pushes have come. */
  has(count: number): Promise<void>;
  /** Connects again after it was closed, as the same runtime, where the stack is now. */
  comeBack(at?: StackPlace): Promise<void>;
  close(): void;
}

/** A runtime that enrols, verifies and acknowledges as a real one does, and applies nothing. */
export const startFakeRuntime = async (
  stack: StackPlace,
  joinCode: string,
  { name = 'fake', behaviour = 'complete' }: { readonly name?: string; readonly behaviour?: Behaviour } = {},
): Promise<FakeRuntime> => {
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const identity = await enrol({ apiUrl: stack.apiUrl, joinCode, key, name });
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let current = behaviour;
  const open = ({ apiUrl, relayUrl }: StackPlace): Connection => {
    const connection = connect({
      relayUrl,
      session: runtimeSession({ ...identity, apiUrl }, key),
      greet: async (ask) => {
        const instance = identity.resourceGuid.slice(0, 8);
        await ask('runtime-hello', {
          protocol: 1,
          instance,
          kind: 'node',
          base: null,
          heads: [],
          retainedBytes: 0,
        });
      },
    });
    onEnvelopes(connection, ['apply-runtime-patch'], (envelope) => {
      void hear(connection, envelope);
    });
    return connection;
  };
  /** By digest: what a delta may be taken upon. */
  const held = new Map<string, HeldContent>();
  const hear = async (connection: Connection, payload: unknown): Promise<void> => {
    const { received: one, attempt, digest } = await take(payload, identity.trustRoot, held);
    received.push(one);
    answer(connection, current, {
      pushGuid: one.statement.pushGuid,
      attempt,
      statement: digest,
      at: now(),
    });
    for (const wake of waiting) wake();
  };
  let connection = open(stack);
  await connection.opened({ patience: 'first-failure' });
  return {
    guid: identity.resourceGuid,
    received,
    behave: (next) => {
      current = next;
    },
    edit: async (resource, served, text) => {
      const { promise, resolve } = Promise.withResolvers<EditSettled>();
      const edit = crypto.randomUUID();
      const forget = connection.on('edit-settled', (payload) => {
        if (isEditSettled(payload) && payload.edit === edit) resolve(payload);
      });
      const digest = contentDigest(served);
      await connection.request('save-edit', { edit, resource, version: 0, digest, text });
      return promise.finally(forget);
    },
    has: async (count) => {
      while (received.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
    comeBack: async (at = stack) => {
      connection = open(at);
      await connection.opened({ patience: 'first-failure' });
    },
    close: () => connection.close(),
  };
};

const answer = (
  connection: Connection,
  behaviour: Behaviour,
  acknowledgement: { pushGuid: string; attempt: number; statement: string; at: number },
): void => {
  switch (behaviour) {
    case 'silent':
      return;
    case 'deliver-only':
      connection.send('push-ack', acknowledgement);
      return;
    case 'complete':
      connection.send('push-ack', acknowledgement);
      connection.send('push-msg-complete', acknowledgement);
      return;
    case 'fail':
      connection.send('push-ack', acknowledgement);
      connection.send('push-msg-fail', {
        ...acknowledgement,
        problem: problemOf('apply-failed', { detail: 'boom \u001B[2J at src/greeting.ts:1:7' }),
      });
      return;
    default:
      behaviour satisfies never;
  }
};

const take = async (
  payload: unknown,
  root: TrustRoot,
  held: Map<string, HeldContent>,
): Promise<{ received: Received; attempt: number; digest: string }> => {
  const envelope = valueOf(parseEnvelope(payload));
  const {
    statement: jws = '',
    certificate = '',
    acceptance = '',
    relayCertificate = '',
    contents = [],
    attempt = 0,
  } = envelope.pushData;
  const opened = valueOf(
    await openStatement(jws, certificate, valueOf(await openCertificate(certificate, root))),
  );
  const relay = valueOf(await openRelayCertificate(relayCertificate, root));
  valueOf(await openAcceptance(acceptance, relayCertificate, relay, opened));
  const { statement } = opened;
  const verified: VerifiedContent[] = [];
  for (const [index, head] of (statement.kind === 'patch' ? statement.patches : []).entries()) {
    const content = contents[index]!;
    const base = content.encoding === 'delta' ? held.get(content.base) : undefined;
    const made = valueOf(await openContent(head, content, base));
    if (made.kind === 'text' && head.digest !== null)
      held.set(head.digest, { content: made.text, map: made.map });
    verified.push(made);
  }
  return { received: { statement, contents: verified, envelope }, attempt, digest: opened.digest };
};

const valueOf = <Value>(
  result: { ok: true; value: Value } | { ok: false; problem: { detail?: string } },
): Value => {
  if (result.ok) return result.value;
  throw new Error(`The fake runtime refuses: ${result.problem.detail}`);
};
