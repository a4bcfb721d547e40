import {
  limits,
  type Approval,
  type Certificate,
  type PatchStatement,
  type SignedApproval,
} from '@cd-push/protocol';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  digestOf,
  isApprovable,
  openApprovals,
  signApproval,
  signCertificate,
  type Address,
  type ApprovalsToOpen,
  type KeptIdentity,
  type OpenedStatement,
  type SigningKey,
  type TrustRoot,
} from '../../src/index.ts';
import { scopeUntil, someAddress } from '../support/identities.ts';
import { faultOf, valueOf } from '../support/sessions.ts';

const time = 1_763_600_000_000;
const pushGuid = '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11';
const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

interface Employee {
  readonly user: string;
  readonly identity: Address;
  readonly certificate: Certificate;
  readonly jws: string;
  readonly key: SigningKey;
}

let issuer: SigningKey;
let root: TrustRoot;
let opened: OpenedStatement;
let statement: PatchStatement;
let ann: Employee;
let bob: Employee;
let cleo: Employee;

const employ = async (
  user: string,
  kept: KeptIdentity,
  changed: Partial<Certificate> = {},
): Promise<Employee> => {
  const key = await newKey();
  const session = await someAddress(`a session of ${user}`);
  const scope = scopeUntil(time + 1_000_000);
  const { claim } = await claimSession(kept, { target: session, key: key.publicKey, scope });
  const certificate: Certificate = {
    v: 1,
    iss: root.issuer,
    aud: 'cd-push:code',
    sub: user,
    tenant: 'local',
    session,
    identity: kept.identity,
    delegation: { establishments: [...kept.establishments], claim },
    cnf: { jwk: key.publicKey },
    verbs: scope.verbs,
    grants: scope.grants,
    notBefore: time - 1_000_000,
    notAfter: time + 1_000_000,
    ...changed,
  };
  return {
    user,
    identity: kept.identity,
    certificate,
    jws: await signCertificate(certificate, issuer),
    key,
  };
};

const approvalBy = async (
  { user, jws, key }: Employee,
  changed: Partial<Approval> = {},
  signer = key,
): Promise<SignedApproval> => ({
  approval: await signApproval(
    {
      v: 1,
      tenant: 'local',
      pushGuid,
      statement: opened.digest,
      approver: user,
      certificate: await digestOf(jws),
      issuedAt: time,
      ...changed,
    },
    signer,
  ),
  certificate: jws,
});

const openAll = async (
  approvals: readonly SignedApproval[],
  required: number,
  changed: Partial<ApprovalsToOpen> = {},
): Promise<string> =>
  faultOf(
    await openApprovals({
      opened,
      signer: ann,
      approvals,
      required,
      root,
      known: () => undefined,
      modules: ['shop'],
      ...changed,
    }),
  );

beforeAll(async () => {
  issuer = await newKey();
  root = { issuer: 'https://api.example', tenant: 'local', keys: [issuer.publicKey] };
  [ann, bob, cleo] = await Promise.all([
    employ('ann', (await createIdentity()).kept),
    employ('bob', (await createIdentity()).kept),
    employ('cleo', (await createIdentity()).kept),
  ]);
  statement = {
    kind: 'patch',
    v: 1,
    tenant: 'local',
    environment: 'development',
    targets: [{ select: { module: 'shop' } }],
    pushGuid,
    trigger: 'file-save',
    signer: 'ann',
    certificate: await digestOf(ann.jws),
    issuedAt: time,
    deliverBy: time + 1_000_000,
    silent: false,
    patches: [
      {
        resource: '/shop/a.css',
        componentType: 'style',
        version: 1,
        predecessor: null,
        change: 'put',
        digest: await digestOf('a{}'),
        bytes: 3,
      },
    ],
  };
  opened = { statement, digest: await digestOf('the statement as it travels') };
});

describe('[APPROVE-1] a push that needs other people’s approval', () => {
  it('runs with as many as are asked for, and not with fewer', async () => {
    const approvals = [await approvalBy(bob), await approvalBy(cleo)];
    expect(await openAll(approvals, 2)).toBe('ok');
    expect(await openAll(approvals.slice(1), 2)).toBe('approval-needed /pushData/approvals');
    expect(await openAll([], 1)).toBe('approval-needed /pushData/approvals');
    expect(await openAll([], 0)).toBe('ok');
  });

  it('says who approved, and what is known of their identities now', async () => {
    const [approver] = valueOf(
      await openApprovals({
        opened,
        signer: ann,
        approvals: [await approvalBy(bob)],
        required: 1,
        root,
        known: () => undefined,
        modules: ['shop'],
      }),
    );
    expect(approver).toMatchObject({
      user: 'bob',
      identity: bob.identity,
      followed: { identity: bob.identity },
      approval: { statement: opened.digest },
    });
  });

  it('counts people: nobody twice, by no other session and no other identity, and its signer not at all', async () => {
    const needed = 'approval-needed /pushData/approvals';
    expect(await openAll([await approvalBy(bob), await approvalBy(bob)], 2)).toBe(needed);
    expect(await openAll([await approvalBy(ann), await approvalBy(bob)], 2)).toBe(needed);
    const bobElsewhere = await employ('bob', (await createIdentity()).kept);
    expect(await openAll([await approvalBy(bob), await approvalBy(bobElsewhere)], 2)).toBe(needed);
    const shared = (await createIdentity()).kept;
    const dora = await employ('dora', shared);
    const doraAsEve = await employ('eve', shared);
    expect(await openAll([await approvalBy(dora), await approvalBy(doraAsEve)], 2)).toBe(needed);
    expect(await openAll([await approvalBy(dora), await approvalBy(bob)], 2)).toBe('ok');
  });

  it('carries no more approvals than the limit', async () => {
    const many = Array.from({ length: limits.approvals + 1 }, () => ({ approval: 'x', certificate: 'y' }));
    expect(await openAll(many, 1)).toBe('bad-signature /pushData/approvals');
  });
});

describe('[APPROVE-2] an approval', () => {
  it.each<[string, Partial<Approval>]>([
    ['of another statement', { statement: `sha256-${'A'.repeat(43)}` }],
    ['of another push', { pushGuid: '00000000-0000-4000-8000-000000000000' }],
    ['of another tenant', { tenant: 'other' }],
    ['in another name', { approver: 'cleo' }],
    ['by another certificate', { certificate: `sha256-${'A'.repeat(43)}` }],
    ['given before the statement', { issuedAt: time - limits.clockSkewMs - 1 }],
  ])('%s is refused, and with it the push', async (_name, changed) => {
    expect(await openAll([await approvalBy(cleo), await approvalBy(bob, changed)], 1)).toBe(
      'bad-signature /pushData/approvals/1',
    );
  });

  it('outside the time of its certificate is refused', async () => {
    const fresh = await employ('bob', (await createIdentity()).kept, { notBefore: time + 1 });
    expect(await openAll([await approvalBy(fresh)], 1)).toBe('bad-certificate /pushData/approvals/0');
    const late = await approvalBy(bob, { issuedAt: bob.certificate.notAfter + 1 });
    expect(await openAll([late], 1)).toBe('bad-certificate /pushData/approvals/0');
  });

  it('by another key than the certified one is refused', async () => {
    expect(await openAll([await approvalBy(bob, {}, cleo.key)], 1)).toBe(
      'bad-signature /pushData/approvals/0',
    );
  });

  it('that is a statement or anything else that was signed is refused', async () => {
    expect(await openAll([{ approval: bob.jws, certificate: bob.jws }], 1)).toBe(
      'bad-signature /pushData/approvals/0',
    );
  });

  it('by somebody whom the issuer did not certify, or whose identity did not claim it, is refused', async () => {
    const forged = { ...bob, jws: await signCertificate(bob.certificate, ann.key) };
    expect(await openAll([await approvalBy(forged)], 1)).toBe('bad-certificate /pushData/approvals/0');
    const key = await newKey();
    const certificate = { ...bob.certificate, cnf: { jwk: key.publicKey } };
    const madeUp = { ...bob, key, jws: await signCertificate(certificate, issuer) };
    expect(await openAll([await approvalBy(madeUp)], 1)).toBe('bad-certificate /pushData/approvals/0');
  });

  it('by an identity that was ended is refused', async () => {
    const approvals = [await approvalBy(bob)];
    const [approver] = valueOf(
      await openApprovals({
        opened,
        signer: ann,
        approvals,
        required: 1,
        root,
        known: () => undefined,
        modules: [],
      }),
    );
    if (approver === undefined) throw new Error('there is an approver');
    const known = (): typeof approver.followed => ({ ...approver.followed, isRevoked: true });
    expect(await openAll(approvals, 1, { known })).toBe('identity-revoked /pushData/approvals/0');
  });

  it('by an identity that is not among those which are believed is refused', async () => {
    const approvals = [await approvalBy(bob)];
    expect(await openAll(approvals, 1, { root: { ...root, identities: [bob.identity] } })).toBe('ok');
    expect(await openAll(approvals, 1, { root: { ...root, identities: [ann.identity] } })).toBe(
      'bad-certificate /pushData/approvals/0',
    );
  });

  it('of an operation takes the right to run it in all of what it goes to, and of a notice none', async () => {
    const { patches: _, kind: __, ...common } = statement;
    const message = await digestOf('hello');
    const approvals = [await approvalBy(bob)];
    const operation: OpenedStatement = {
      ...opened,
      statement: { ...common, kind: 'operation', operation: 'clear', message },
    };
    expect(await openAll(approvals, 1, { opened: operation })).toBe('ok');
    expect(await openAll(approvals, 1, { opened: operation, modules: ['shop', 'bank'] })).toBe(
      'forbidden /pushData/approvals/0',
    );
    const notice: OpenedStatement = { ...opened, statement: { ...common, kind: 'notice', message } };
    expect(await openAll(approvals, 1, { opened: notice, modules: ['bank'] })).toBe('ok');
    expect([statement, operation.statement, notice.statement].map(isApprovable)).toEqual([true, true, false]);
  });

  it('by somebody who may not do it themselves is refused', async () => {
    const forbidden = 'forbidden /pushData/approvals/0';
    const [patch] = statement.patches;
    if (patch?.change !== 'put') throw new Error('the statement puts a file');
    const about = (changed: Partial<PatchStatement>): OpenedStatement => ({
      ...opened,
      statement: { ...statement, ...changed },
    });
    const approvals = [await approvalBy(bob)];
    expect(await openAll(approvals, 1, { opened: about({ environment: 'production' }) })).toBe(forbidden);
    const outside = about({ patches: [patch, { ...patch, resource: '/bank/a.css' }] });
    expect(await openAll(approvals, 1, { opened: outside })).toBe(forbidden);
    const renamed = about({ patches: [{ ...patch, change: 'rename', from: '/bank/a.css' }] });
    expect(await openAll(approvals, 1, { opened: renamed })).toBe(forbidden);
    const restored = about({ patches: [{ ...patch, restores: 1 }] });
    expect(await openAll(approvals, 1, { opened: restored })).toBe(forbidden);
    expect(await openAll(approvals, 1, { opened: about({ tenant: 'other' }) })).toBe(
      'bad-signature /pushData/approvals/0',
    );
  });
});
