import {
  isStatement,
  ok,
  parseResource,
  problemOf,
  refuse,
  type Certificate,
  type Digest,
  type Problem,
  type Result,
  type Statement,
  type Verb,
} from '@cd-push/protocol';

import { digestOf, repeatedDigestOf } from '../crypto/digest.ts';
import type { SigningKey } from '../crypto/port.ts';
import { mayPush } from './certificate.ts';
import { openJws, signJws } from './jws.ts';

export const signStatement = (statement: Statement, key: SigningKey): Promise<string> =>
  signJws('cd-push+jws', statement, key);

/** A statement whose signature, signer, time and scope hold. */
export interface OpenedStatement {
  readonly statement: Statement;
  /** Digest of the statement as it travels; acknowledgements name it. */
  readonly digest: Digest;
}

/**
 * Verifies a statement against the certificate that came with it: the certificate's key signed it, it names that very
 * certificate, the certificate was valid when it was issued, and covers every resource of it.
 *
 * @param certificateJws the certificate as it travelled, whose digest the statement names.
 */
export const openStatement = async (
  jws: string,
  certificateJws: string,
  certificate: Certificate,
): Promise<Result<OpenedStatement, Problem>> => {
  const [payload, digest, certificateDigest] = await Promise.all([
    openJws('cd-push+jws', jws, [certificate.cnf.jwk]),
    digestOf(jws),
    repeatedDigestOf(certificateJws),
  ]);
  if (payload === undefined) return refuse(bad('The key of the certificate did not sign this statement.'));
  if (!isStatement(payload)) return refuse(bad('The statement does not fit its schema.'));
  const fault = disagreement(payload, certificateDigest, certificate);
  if (fault !== undefined) return refuse(fault);
  return ok({ statement: payload, digest });
};

const disagreement = (
  statement: Statement,
  certificateDigest: Digest,
  certificate: Certificate,
): Problem | undefined => {
  if (statement.certificate !== certificateDigest) return bad('The statement names another certificate.');
  if (statement.signer !== certificate.sub)
    return bad('The statement names another signer than its certificate.');
  if (statement.tenant !== certificate.tenant)
    return bad('The statement is of another tenant than its certificate.');
  if (statement.issuedAt < certificate.notBefore || statement.issuedAt > certificate.notAfter) {
    return problemOf('bad-certificate', {
      path: '/pushData/statement',
      detail: 'The certificate was not valid when the statement was issued. Sign in again for a new one.',
    });
  }
  const unclaimed = verbFault(statement, certificate);
  if (unclaimed !== undefined) return unclaimed;
  // Whom a message may reach depends on what runs there, so whoever knows that holds it against the grants.
  if (statement.kind !== 'patch') return undefined;
  for (const [index, patch] of statement.patches.entries()) {
    const path = `/pushData/statement/patches/${index}`;
    for (const [member, name] of [
      ['resource', patch.resource],
      ['from', patch.from],
    ] as const) {
      if (name === undefined) continue;
      const resource = parseResource(name, `${path}/${member}`);
      if (!resource.ok) return resource.problem;
      if (!mayPush(certificate, name, statement.environment)) {
        return problemOf('forbidden', {
          path: `${path}/${member}`,
          resource: name,
          detail: `The certificate gives no right to push this resource in "${statement.environment}".`,
        });
      }
    }
  }
  return undefined;
};

/** What a session is not for, it does not sign: to push what was in place before takes a verb of its own. */
const verbFault = (statement: Statement, { verbs }: Certificate): Problem | undefined => {
  const needed: readonly Verb[] =
    statement.kind === 'patch'
      ? statement.patches.map(({ restores }) => (restores === undefined ? 'push' : 'rollback'))
      : ['push'];
  const index = needed.findIndex((verb) => !verbs.includes(verb));
  if (index === -1) return undefined;
  const path = statement.kind === 'patch' ? `/pushData/statement/patches/${index}` : '/pushData/statement';
  return problemOf('forbidden', { path, detail: `The certificate gives no right to ${needed[index]}.` });
};

const bad = (detail: string): Problem => problemOf('bad-signature', { path: '/pushData/statement', detail });
