import { isStatement, type ICdPushEnvelop, type PatchStatement } from '@cd-push/protocol';
import {
  digestOf,
  fromBase64url,
  openApprovals,
  openCertificate,
  openStatement,
  signStatement,
  utf8,
  type SigningKey,
} from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AnyRequest } from '../src/publisher/push-request.ts';
import { approveProposal } from '../src/proposals/approve.ts';
import { readProposal, type ReadProposal } from '../src/proposals/read-proposal.ts';
import { certified, newKey } from './support/certified-session.ts';
import type { FakeSession } from './support/fake-session.ts';
import { proposalViewOf, put, SenderWorld } from './support/sender-world.ts';

let world: SenderWorld;
let issuer: SigningKey;
let ada: FakeSession;
beforeEach(async () => {
  issuer = await newKey();
  ada = await certified(issuer);
  world = await SenderWorld.start(ada);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const code: Extract<AnyRequest, { kind: 'patch' }> = {
  kind: 'patch',
  ...put(''),
  patches: [
    {
      change: 'put',
      resource: '/shop/a.ts',
      componentType: 'module',
      content: 'export const a = 1;',
      map: '{"version":3}',
      source: 'export const a: number = 1;',
    },
    {
      change: 'put',
      resource: '/shop/b.png',
      componentType: 'asset',
      content: new Uint8Array([0, 255, 7]),
    },
    { change: 'delete', resource: '/shop/c.html', componentType: 'template' },
  ],
};

/** Proposes it, and has the relay tell of it as it came, but for what a test changes. */
const propose = async (
  request: Parameters<SenderWorld['publisher']['propose']>[0],
  change: (envelope: ICdPushEnvelop) => ICdPushEnvelop = (envelope) => envelope,
): Promise<ICdPushEnvelop> => {
  await world.publisher.propose(request);
  const envelope = world.proposed.at(-1)!;
  world.proposal = { proposal: proposalViewOf(envelope), envelope: change(envelope) };
  return envelope;
};
const withData = (changed: Partial<ICdPushEnvelop['pushData']>) => (envelope: ICdPushEnvelop) => ({
  ...envelope,
  pushData: { ...envelope.pushData, ...changed },
});
const read = ({ pushData }: ICdPushEnvelop): Promise<ReadProposal> => readProposal(world, pushData.pushGuid);
const signedBy = ({ pushData: { statement = '' } }: ICdPushEnvelop): PatchStatement => {
  const payload: unknown = JSON.parse(new TextDecoder().decode(fromBase64url(statement.split('.')[1] ?? '')));
  if (!isStatement(payload) || payload.kind !== 'patch') throw new Error('No statement of files.');
  return payload;
};

describe('[APPROVE-6] who proposes', () => {
  test('sends the very push, signed upon what is in place, with its contents whole; nothing is kept here', async () => {
    const before = await digestOf('before');
    world.heads = [{ resource: '/shop/a.ts', version: 7, digest: before }];
    const envelope = await propose(code);
    const { patches, pushGuid } = signedBy(envelope);
    expect(patches).toMatchObject([
      { resource: '/shop/a.ts', predecessor: before },
      { resource: '/shop/b.png', predecessor: null },
      { resource: '/shop/c.html', change: 'delete' },
    ]);
    expect(envelope.pushData).toMatchObject({
      pushGuid,
      triggerEvent: 'cli',
      emittEvent: 'apply-runtime-patch',
    });
    expect(envelope.pushData.contents?.map(({ encoding }) => encoding)).toEqual(['text', 'base64', 'none']);
    expect(await world.outbox.claim()).toEqual([]);
    expect(world.arrived).toEqual([]);
  });

  test('of operations as of files', async () => {
    const request = { environment: 'development', targets: [{ guid: 'g' }] };
    const envelope = await propose({ kind: 'operation', ...request, operation: 'clear', args: { floor: 3 } });
    expect(envelope.pushData).toMatchObject({ triggerEvent: 'run-operation', m: '{"floor":3}' });
    expect(await read(envelope)).toMatchObject({
      statement: { kind: 'operation', operation: 'clear' },
      message: '{"floor":3}',
      files: [],
    });
  });
});

describe('[APPROVE-7] who approves', () => {
  test('reads what would run, and the files as they were saved', async () => {
    const envelope = await propose(code);
    const { files, digest, proposal } = await read(envelope);
    expect(files).toMatchObject([
      {
        head: { resource: '/shop/a.ts' },
        content: { kind: 'text', text: 'export const a = 1;' },
        source: 'export const a: number = 1;',
      },
      { content: { kind: 'bytes', bytes: new Uint8Array([0, 255, 7]) }, source: new Uint8Array([0, 255, 7]) },
      { head: { change: 'delete' }, content: { kind: 'deleted' }, source: undefined },
    ]);
    expect(digest).toBe(await digestOf(envelope.pushData.statement ?? ''));
    expect(proposal.senderName).toBe('ada');
  });

  test('what lies at the relay is read from there, and said to be missing where it is not to be had', async () => {
    const restored = { digest: await digestOf('old'), bytes: 3 };
    const restore = {
      change: 'restore',
      resource: '/shop/a.html',
      componentType: 'template',
      restores: 3,
      held: restored,
    } as const;
    const envelope = await propose({ kind: 'patch', ...put(''), patches: [restore] });
    expect((await read(envelope)).files).toMatchObject([{ content: undefined }]);
    world.contents.set(restored.digest, utf8('old'));
    expect((await read(envelope)).files).toMatchObject([{ content: { kind: 'text', text: 'old' } }]);
  });

  test('takes nothing on the relay’s word: contents, statement, signer and guid have to hold', async () => {
    const refused = async (change: Parameters<typeof propose>[1], kind: string): Promise<void> => {
      const envelope = await propose({ kind: 'patch', ...put('one') }, change);
      await expect(read(envelope)).rejects.toMatchObject({ problem: { kind } });
    };
    await refused(withData({ contents: [{ encoding: 'text', text: 'two' }] }), 'bad-signature');
    await refused(withData({ contents: [] }), 'bad-signature');
    const first = world.proposed[0]!;
    await refused(withData({ statement: first.pushData.statement! }), 'bad-signature');
    const forged = await signStatement({ ...signedBy(first), targets: [{ guid: 'all' }] }, await newKey());
    await refused(withData({ statement: forged }), 'bad-signature');
    const stranger = await certified(await newKey());
    await refused(withData({ certificate: stranger.facts.certificate! }), 'bad-certificate');
  });

  test('a source that the frame does not name is not shown for one', async () => {
    const source = { text: 'export const harmless = true;' };
    const envelope = await propose(code, (given) =>
      withData({
        history: (given.pushData.history ?? []).map((object) => ('text' in object ? source : object)),
      })(given),
    );
    expect((await read(envelope)).files[0]?.source).toBeUndefined();
  });

  test('signs exactly what was read', async () => {
    const envelope = await propose(code);
    const proposal = await read(envelope);
    const bob = await certified(issuer, 'user-2');
    await world.restart(bob);
    await approveProposal({ connection: world.connection, session: bob }, proposal);
    const [given] = world.approved;
    const root = { ...ada.account, keys: [issuer.publicKey] };
    const { certificate: jws = '', statement = '' } = envelope.pushData;
    const certificate = await openCertificate(jws, root);
    if (!certificate.ok) throw new Error(certificate.problem.detail);
    const opened = await openStatement(statement, jws, certificate.value);
    if (!opened.ok || given === undefined) throw new Error('It does not hold.');
    const approvers = await openApprovals({
      opened: opened.value,
      signer: { user: 'user-1', identity: certificate.value.identity },
      approvals: [given],
      required: 1,
      modules: ['shop'],
      root,
      known: () => undefined,
    });
    expect(approvers).toMatchObject({ ok: true, value: [{ user: 'user-2' }] });
  });
});
