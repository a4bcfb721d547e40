import {
  ok,
  problemOf,
  refuse,
  type PatchContent,
  type PatchHead,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { fromBase64, utf8 } from '../crypto/base64url.ts';
import { digestOf } from '../crypto/digest.ts';

/** New content of one resource after its digest was checked. */
export type VerifiedContent =
  | { readonly kind: 'text'; readonly text: string; readonly map: string | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'deleted' };

/** `stored` content and its source map as they lie at the relay: raw bytes, of a text in UTF-8. */
export interface StoredBytes {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly map: Uint8Array<ArrayBuffer> | undefined;
}

type Opened = Result<VerifiedContent, Problem>;

/** How content travels by itself. */
export type WholeContent = Exclude<PatchContent, { encoding: 'delta' }>;

/**
 * Decodes what travelled and checks it against the signed head: size first, then digest. Of `stored` content nothing
 * travelled, {@link openStored} opens what was fetched. `openContent` takes deltas as well.
 */
export const openWhole = async (head: PatchHead, content: WholeContent): Promise<Opened> => {
  if (head.change === 'delete') return openDeleted(head, content);
  switch (content.encoding) {
    case 'none':
    case 'stored':
      return bad(head, 'The content is missing.');
    case 'base64': {
      const bytes = fromBase64(content.base64);
      return bytes === undefined ? bad(head, 'The content is no base64.') : verifiedBytes(head, bytes);
    }
    case 'text':
      return verifiedText(head, content.text, content.map);
    default:
      return content satisfies never;
  }
};

/** A deletion brings nothing, in whatever encoding. */
export const openDeleted = (head: PatchHead, { encoding }: PatchContent): Opened =>
  encoding === 'none' && head.digest === null
    ? ok({ kind: 'deleted' })
    : bad(head, 'A deletion carries no content.');

/** Checks what was fetched by the digests of a signed head. An asset is bytes, everything else is text. */
export const openStored = async (head: PatchHead, { content, map }: StoredBytes): Promise<Opened> => {
  const verified = await verifiedBytes(head, content);
  if (!verified.ok) return verified;
  if (map !== undefined && (await digestOf(map)) !== head.mapDigest) return bad(head, otherMapDigest);
  if (head.componentType === 'asset' && map === undefined) return verified;
  const text = textIn(content);
  const mapText = map && textIn(map);
  return text === undefined || (map !== undefined && mapText === undefined)
    ? bad(head, notUnicode)
    : ok({ kind: 'text', text, map: mapText });
};

const verifiedBytes = async (head: PatchHead, bytes: Uint8Array<ArrayBuffer>): Promise<Opened> =>
  bytes.length === head.bytes && (await digestOf(bytes)) === head.digest
    ? ok({ kind: 'bytes', bytes })
    : bad(head, otherDigest);

const verifiedText = async (head: PatchHead, text: string, map: string | undefined): Promise<Opened> => {
  // UTF-8 has one replacement for all lone surrogates, so a digest of it cannot tell such texts apart.
  if (!text.isWellFormed()) return bad(head, notUnicode);
  const bytes = utf8(text);
  if (bytes.length !== head.bytes) return bad(head, otherDigest);
  const [digest, mapDigest] = await Promise.all([
    digestOf(bytes),
    map === undefined ? head.mapDigest : digestOf(map),
  ]);
  if (digest !== head.digest) return bad(head, otherDigest);
  if (mapDigest !== head.mapDigest) return bad(head, otherMapDigest);
  return ok({ kind: 'text', text, map });
};

const textIn = (bytes: Uint8Array<ArrayBuffer>): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const otherDigest = 'The content has another digest.';
const otherMapDigest = 'The source map has another digest.';
const notUnicode = 'The content is no well-formed Unicode.';

const bad = ({ resource }: PatchHead, detail: string): Opened =>
  refuse(problemOf('bad-signature', { path: '/pushData/contents', resource, detail }));
