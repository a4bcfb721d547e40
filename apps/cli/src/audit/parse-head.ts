import { existsSync } from 'node:fs';

import { AuditPlaceSchema, type AuditPlace, type SignedAuditHead } from '@cd-push/protocol';
import { Check } from 'typebox/value';

import { usageError } from '../cli-error.ts';
import { linesOf, signedHeadIn } from './audit-file.ts';

/** A head as a person gives it: signed, or as a place that they have written down themselves. */
export type GivenHead = { readonly signed: SignedAuditHead } | { readonly place: AuditPlace };

/**
 * What `--head` names: a file of heads, a head itself, or `node:sequence:hash`.
 *
 * @throws CliError where it is none of these.
 */
export const parseHead = async (text: string): Promise<GivenHead[]> => {
  const given = headIn(text.trim());
  if (given !== undefined) return [given];
  if (!existsSync(text))
    throw usageError(
      `"${text}" is neither a head nor a file of heads.`,
      'A head is written as node:sequence:hash, or as one of the lines of: cd-cli audit heads',
    );
  const found: GivenHead[] = [];
  for await (const line of linesOf(text)) {
    const head = headIn(line.trim());
    if (head !== undefined) found.push(head);
  }
  if (found.length > 0) return found;
  throw usageError(`${text} holds no head.`, 'Write one with: cd-cli audit heads > heads.txt');
};

const headIn = (text: string): GivenHead | undefined => {
  const signed = signedHeadIn(text);
  if (signed !== undefined) return { signed };
  const [, node, sequence, hash] = /^([^:]+):(\d+):(\S+)$/u.exec(text) ?? [];
  const place: unknown = { node, sequence: Number(sequence), hash };
  return Check(AuditPlaceSchema, place) ? { place } : undefined;
};
