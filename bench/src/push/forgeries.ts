import type { ProblemKind } from '@cd-push/protocol';

import { Opened, verifyPush, type Self, type Standing } from './recipient-line.ts';

/** What a forgery changes of a push that a recipient has taken: its bytes, or where it arrives. */
interface Forgery {
  readonly name: string;
  readonly refusedAs: ProblemKind;
  readonly envelope?: (data: PushData) => PushData;
  readonly self?: (self: Self) => Self;
  /** What stands at every resource of the push. */
  readonly standing?: Standing;
  readonly revoked?: readonly string[];
}

type PushData = Readonly<Record<string, unknown>>;

const altered =
  (member: string) =>
  (data: PushData): PushData => ({ ...data, [member]: flipped(data[member]) });

/** Another signature of the same length, which decodes as well. */
const flipped = (jws: unknown): string => {
  const text = String(jws);
  const at = text.length - 10;
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
};

const otherKey = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } as const;

const forgeries = (resource: string, session: string): readonly Forgery[] => [
  { name: 'the statement’s signature', refusedAs: 'bad-signature', envelope: altered('statement') },
  { name: 'the certificate’s signature', refusedAs: 'bad-certificate', envelope: altered('certificate') },
  { name: 'the relay’s certificate', refusedAs: 'bad-certificate', envelope: altered('relayCertificate') },
  { name: 'the acceptance’s signature', refusedAs: 'bad-signature', envelope: altered('acceptance') },
  {
    name: 'no acceptance',
    refusedAs: 'bad-signature',
    envelope: (data) => ({ ...data, acceptance: undefined }),
  },
  {
    name: 'the content',
    refusedAs: 'bad-signature',
    envelope: (data) => ({ ...data, contents: [{ encoding: 'text', text: '// forged' }] }),
  },
  {
    name: 'an outer member',
    refusedAs: 'bad-signature',
    envelope: (data) => ({ ...data, pushGuid: '00000000-0000-4000-8000-000000000000' }),
  },
  { name: 'a schema', refusedAs: 'invalid-envelope', envelope: (data) => ({ ...data, contents: 'none' }) },
  {
    name: 'a forbidden key',
    refusedAs: 'invalid-envelope',
    envelope: (data) => ({ ...data, m: { constructor: {} } }),
  },
  {
    name: 'another issuer',
    refusedAs: 'bad-certificate',
    self: (self) => ({ ...self, trust: { ...self.trust, keys: [otherKey] } }),
  },
  { name: 'another module', refusedAs: 'forbidden', self: (self) => ({ ...self, module: 'other' }) },
  {
    name: 'another environment',
    refusedAs: 'forbidden',
    self: (self) => ({ ...self, environment: 'other' }),
  },
  {
    name: 'a version of before',
    refusedAs: 'stale-version',
    standing: { version: Number.MAX_SAFE_INTEGER, digest: null },
  },
  { name: 'another predecessor', refusedAs: 'broken-chain', standing: { version: 1, digest: resource } },
  { name: 'a revoked session', refusedAs: 'session-revoked', revoked: [session] },
];

/**
 * Holds forgeries of a push that was taken against the line that took it.
 *
 * @returns how many were refused as they must be.
 * @throws Error for one that was taken, or refused for another reason: the line skips a check.
 */
export const refuseForgeries = async (
  genuine: { readonly pushData: PushData },
  self: Self,
  { resource, session }: { readonly resource: string; readonly session: string },
): Promise<number> => {
  const all = forgeries(resource, session);
  for (const { name, refusedAs, envelope, self: elsewhere, standing, revoked = [] } of all) {
    const forged = { ...genuine, pushData: envelope?.(genuine.pushData) ?? genuine.pushData };
    const taken = await verifyPush(
      forged,
      elsewhere?.(self) ?? self,
      new Opened(),
      new Map(standing === undefined ? [] : [[resource, standing]]),
      new Set(revoked),
    );
    const outcome = taken.ok ? 'taken' : taken.problem.kind;
    if (outcome !== refusedAs)
      throw new Error(
        `The recipient skips a check: with ${name} forged, a push is ${outcome}, not ${refusedAs}.`,
      );
  }
  return all.length;
};
