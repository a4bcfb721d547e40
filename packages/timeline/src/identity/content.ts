import {
  applySplices,
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

/**
 * Decodes what travelled and checks it against the signed head: size first, then digest. A delta needs the text of the
 * signed predecessor.
 */
export const openContent = async (
  head: PatchHead,
  content: PatchContent,
  predecessor: string | undefined,
): Promise<Result<VerifiedContent, Problem>> => {
  const bad = (detail: string): { ok: false; problem: Problem } =>
    refuse(problemOf('bad-signature', { path: '/pushData/contents', resource: head.resource, detail }));
  if (head.change === 'delete') {
    return content.encoding === 'none' && head.digest === null
      ? ok({ kind: 'deleted' })
      : bad('A deletion carries no content.');
  }
  switch (content.encoding) {
    case 'none':
      return bad('The content is missing.');
    case 'base64': {
      const bytes = fromBase64(content.base64);
      if (bytes === undefined) return bad('The content is no base64.');
      if (bytes.length !== head.bytes || (await digestOf(bytes)) !== head.digest)
        return bad('The content has another digest.');
      return ok({ kind: 'bytes', bytes });
    }
    case 'text':
    case 'delta': {
      const text =
        content.encoding === 'text'
          ? content.text
          : predecessor === undefined
            ? undefined
            : applySplices(predecessor, content.splices);
      if (text === undefined) return bad('The delta does not fit the content that is in place.');
      // UTF-8 has one replacement for all lone surrogates, so a digest of it cannot tell such texts apart.
      if (!text.isWellFormed()) return bad('The content is no well-formed Unicode.');
      const bytes = utf8(text);
      if (bytes.length !== head.bytes) return bad('The content has another digest.');
      const { map } = content;
      const [digest, mapDigest] = await Promise.all([
        digestOf(bytes),
        map === undefined ? head.mapDigest : digestOf(map),
      ]);
      if (digest !== head.digest) return bad('The content has another digest.');
      if (mapDigest !== head.mapDigest) return bad('The source map has another digest.');
      return ok({ kind: 'text', text, map });
    }
    default:
      return content satisfies never;
  }
};
