import {
  limits,
  ProblemError,
  problemOf,
  type PatchHead,
  type Problem,
  type Result,
  type Statement,
} from '@cd-push/protocol';
import {
  digestOf,
  openCertificate,
  openDelegation,
  openStatement,
  openStored,
  type VerifiedContent,
} from '@cd-push/timeline';

import type { Connection } from '../connection/connection.ts';
import { fetchContent } from '../contents/fetch-content.ts';
import type { Session } from '../session/session.ts';
import type { AnyRequest, PatchInput } from './push-request.ts';

export interface PushedPlace {
  readonly connection: Pick<Connection, 'relayUrl' | 'request'>;
  /** Whose issuer is believed. */
  readonly session: Session;
  readonly signal?: AbortSignal;
}

/** Contents that are fetched at the same time. */
const fetchedAtOnce = 6;

/**
 * What was pushed under a guid, as a request that pushes it once more: a replay is a push like any other, with new
 * versions upon what is in place by then. Whoever replays signs it, so nothing of it is taken on the relay's word: the
 * statement has to be signed under this session's issuer and for the identity that it certifies, and the contents have the digests that it names.
 *
 * @throws ProblemError `not-found`, `forbidden`; `invalid-request` for a message that was never signed; `bad-signature`,
 * `bad-certificate` where it does not hold; why it could not be read.
 */
export const readPushed = async (place: PushedPlace, pushGuid: string): Promise<AnyRequest> => {
  const { connection, session, signal } = place;
  const options = signal === undefined ? {} : { signal };
  const { statement: jws, certificate, m } = await connection.request('get-push', { pushGuid }, options);
  if (jws === undefined || certificate === undefined) {
    const detail = 'It was sent by a client that signs nothing, and cannot be replayed.';
    throw new ProblemError(problemOf('invalid-request', { path: '/pushGuid', detail }));
  }
  const statement = await openSigned(session, jws, certificate);
  if (statement.pushGuid !== pushGuid) throw new ProblemError(otherPush);
  const { environment, targets, silent } = statement;
  const delivery = { environment, targets, silent };
  switch (statement.kind) {
    case 'patch':
      return { kind: 'patch', ...delivery, patches: await patchesOf(place, statement.patches, environment) };
    case 'notice':
      return { kind: 'notice', ...delivery, message: await textOf(statement.message, m) };
    case 'operation': {
      const args = argumentsIn(await textOf(statement.message, m));
      return { kind: 'operation', ...delivery, operation: statement.operation, args };
    }
    default:
      return statement satisfies never;
  }
};

/**
 * A statement that was signed under this session's issuer, for the identity that it certifies.
 *
 * @throws ProblemError `bad-signature`, `bad-certificate`, and why the identity does not hold.
 */
export const openSigned = async (
  session: Session,
  jws: string,
  certificateJws: string,
): Promise<Statement> => {
  const certificate = valueOf(await openCertificate(certificateJws, session.account));
  valueOf(await openDelegation(certificate, undefined));
  return valueOf(await openStatement(jws, certificateJws, certificate)).statement;
};

/** @throws ProblemError `bad-signature` where it is another text than was signed. */
export const textOf = async (digest: string, m: string | undefined): Promise<string> => {
  if (m !== undefined && (await digestOf(m)) === digest) return m;
  throw new ProblemError(
    problemOf('bad-signature', { path: '/m', detail: 'The statement signs another message.' }),
  );
};

const argumentsIn = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const detail = 'The arguments of the operation are no JSON.';
    throw new ProblemError(problemOf('invalid-request', { path: '/m', detail }));
  }
};

/** Each file as it was pushed. A rename has been carried out: its new name is put, and its old one goes if it is back. */
const patchesOf = async (
  place: PushedPlace,
  heads: readonly PatchHead[],
  environment: string,
): Promise<PatchInput[]> => {
  const put: PatchInput[] = [];
  for (let start = 0; start < heads.length; start += fetchedAtOnce) {
    const together = heads.slice(start, start + fetchedAtOnce);
    put.push(...(await Promise.all(together.map((head) => inputOf(place, head)))));
  }
  return [...put, ...(await oldNames(place, heads, environment))];
};

const inputOf = async (place: PushedPlace, head: PatchHead): Promise<PatchInput> => {
  const { resource, componentType } = head;
  if (head.change === 'delete') return { change: 'delete', resource, componentType };
  const bytesOf = (digest: string, atMost: number): Promise<Uint8Array<ArrayBuffer>> =>
    fetchContent(
      { relayUrl: place.connection.relayUrl, session: place.session, digest, signal: place.signal },
      atMost,
    );
  const [content, map] = await Promise.all([
    bytesOf(head.digest, head.bytes),
    head.mapDigest === undefined ? undefined : bytesOf(head.mapDigest, limits.contentBytes),
  ]);
  return {
    change: 'put',
    resource,
    componentType,
    ...carried(valueOf(await openStored(head, { content, map }))),
  };
};

const carried = (content: VerifiedContent): { content: string | Uint8Array; map?: string | undefined } => {
  switch (content.kind) {
    case 'text':
      return { content: content.text, map: content.map };
    case 'bytes':
      return { content: content.bytes };
    case 'deleted':
      throw new TypeError('Nothing of a deletion is fetched.');
    default:
      return content satisfies never;
  }
};

const oldNames = async (
  { connection }: PushedPlace,
  heads: readonly PatchHead[],
  environment: string,
): Promise<PatchInput[]> => {
  const touched = new Set(heads.map(({ resource }) => resource));
  const renamed = heads.filter(({ from }) => from !== undefined && !touched.has(from));
  const resources = renamed.flatMap(({ from }) => from ?? []);
  if (resources.length === 0) return [];
  const { heads: inPlace } = await connection.request('get-heads', { environment, resources });
  const isBack = new Set(inPlace.filter(({ digest }) => digest !== null).map(({ resource }) => resource));
  return renamed.flatMap(({ from, componentType }) =>
    from !== undefined && isBack.has(from) ? [{ change: 'delete', resource: from, componentType }] : [],
  );
};

const valueOf = <Value>(result: Result<Value, Problem>): Value => {
  if (result.ok) return result.value;
  throw new ProblemError(result.problem);
};

const otherPush = problemOf('bad-signature', {
  path: '/statement/pushGuid',
  detail: 'The relay gave another push than the one that was asked for.',
});
