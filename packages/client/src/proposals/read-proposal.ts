import {
  ProblemError,
  problemOf,
  type Digest,
  type PatchContent,
  type PatchHead,
  type ProposalView,
  type Statement,
  type TimelineObject,
} from '@cd-push/protocol';
import {
  addressOf,
  digestOf,
  fromBase64,
  isAddress,
  openContent,
  openStored,
  readAddress,
  readObject,
  sourceOf,
  storedBlob,
  utf8,
  type Address,
  type StoredObject,
  type VerifiedContent,
} from '@cd-push/timeline';

import { fetchContent } from '../contents/fetch-content.ts';
import { openSigned, textOf, type PushedPlace } from '../publisher/read-pushed.ts';

/** One file of a proposal. */
export interface ProposedFile {
  /** What is signed of it. */
  readonly head: PatchHead;
  /** What would run, which has the signed digest; undefined where it lies at the relay and is not to be had yet. */
  readonly content: VerifiedContent | undefined;
  /** The file as it was saved, by its frame; undefined where nothing of it is known. Nothing proves that `content` was made of it. */
  readonly source: string | Uint8Array | undefined;
}

/** A proposal as its proposer has signed it. */
export interface ReadProposal {
  /** What the relay says of it: who has approved, and how many it takes. */
  readonly proposal: ProposalView;
  readonly statement: Statement;
  /** Digest of the statement as it travels: what is approved of. */
  readonly digest: Digest;
  /** Of a push of files. */
  readonly files: readonly ProposedFile[];
  /** Arguments of an operation, as JSON. */
  readonly message: string | undefined;
}

/**
 * What one would approve of. Nothing of it is taken on the relay's word: the statement is signed under this session's issuer
 * by who the identity certifies, and every content has the digest that it names.
 *
 * @throws ProblemError `not-found`, `forbidden`, `expired`, `conflict` where it does not wait any more; `bad-signature`,
 * `bad-certificate` where it does not hold.
 */
export const readProposal = async (place: PushedPlace, pushGuid: string): Promise<ReadProposal> => {
  const { connection, session, signal } = place;
  const options = signal === undefined ? {} : { signal };
  const { proposal, envelope } = await connection.request('get-proposal', { pushGuid }, options);
  const { statement: jws = '', certificate = '', contents = [], history = [], m } = envelope.pushData;
  const statement = await openSigned(session, jws, certificate);
  if (statement.pushGuid !== pushGuid) throw new ProblemError(otherPush);
  const digest = await digestOf(jws);
  const signed = { proposal, statement, digest };
  if (statement.kind !== 'patch') {
    const text = typeof m === 'string' ? m : undefined;
    return { ...signed, files: [], message: await textOf(statement.message, text) };
  }
  const objects = new Map(
    (await Promise.all(history.map(objectOf))).map((object) => [object.address, object]),
  );
  const files: ProposedFile[] = [];
  for (const [index, head] of statement.patches.entries()) {
    const content = await contentOf(place, head, contents[index] ?? { encoding: 'none' });
    files.push({ head, content, source: await sourceIn(head, content, objects) });
  }
  return { ...signed, files, message: undefined };
};

const contentOf = async (
  place: PushedPlace,
  head: PatchHead,
  content: PatchContent,
): Promise<VerifiedContent | undefined> => {
  const opened =
    content.encoding === 'stored' && head.change !== 'delete'
      ? await storedOf(place, head)
      : await openContent(head, content, undefined);
  if (opened === undefined) return undefined;
  if (opened.ok) return opened.value;
  throw new ProblemError({ ...opened.problem, resource: head.resource });
};

/** What an earlier version held can be had by whoever sees the file; what was put for this push, by its proposer alone. */
const storedOf = async (
  { connection, session, signal }: PushedPlace,
  head: Exclude<PatchHead, { change: 'delete' }>,
): Promise<Awaited<ReturnType<typeof openStored>> | undefined> => {
  // Its map is not shown, and not read.
  const { mapDigest: _, ...plain } = head;
  const { digest, bytes } = head;
  try {
    const place = { relayUrl: connection.relayUrl, session, digest, signal };
    return await openStored(plain, { content: await fetchContent(place, bytes), map: undefined });
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kind === 'not-found') return undefined;
    throw error;
  }
};

const objectOf = async (object: TimelineObject): Promise<StoredObject> => {
  if ('text' in object) return storedBlob(object.text);
  if ('base64' in object) return storedBlob(fromBase64(object.base64) ?? utf8(''));
  const bytes = utf8(object.json);
  return { address: await addressOf('json', bytes), bytes };
};

const sourceIn = async (
  { frame, digest }: PatchHead,
  content: VerifiedContent | undefined,
  objects: ReadonlyMap<Address, StoredObject>,
): Promise<string | Uint8Array | undefined> => {
  const object = isAddress(frame) ? objects.get(frame) : undefined;
  const read = object && (await readObject(object));
  const address = read?.ok === true && read.value.type === 'frame' ? sourceOf(read.value.frame) : undefined;
  if (address === undefined) return undefined;
  if (readAddress(address)?.digest === digest) return bodyOf(content);
  const bytes = objects.get(address)?.bytes;
  return bytes && (decoded(bytes) ?? bytes);
};

const bodyOf = (content: VerifiedContent | undefined): string | Uint8Array | undefined => {
  switch (content?.kind) {
    case 'text':
      return content.text;
    case 'bytes':
      return content.bytes;
    case 'deleted':
    case undefined:
      return undefined;
    default:
      return content satisfies never;
  }
};

const utf8Text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8Text.decode(bytes);
  } catch {
    return undefined;
  }
};

const otherPush = problemOf('bad-signature', {
  path: '/statement/pushGuid',
  detail: 'The relay gave another push than the one that was asked for.',
});
