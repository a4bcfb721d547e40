import type { Value } from './value.ts';
import { digestOf } from '../crypto/digest.ts';
import { fromBase64url } from '../crypto/base64url.ts';

/** What an `ib^gib` address is computed of. */
export interface Ibgib {
  /** A label without `^`. */
  readonly ib: string;
  /** JSON by names, or bytes. */
  readonly data?: { readonly [name: string]: Value | undefined } | Uint8Array | undefined;
  /** Addresses by the names of relations. */
  readonly rel8ns?: { readonly [name: string]: readonly string[] | undefined } | undefined;
}

/** A label, and what it is about: a hash by which a frame is found, and that of its timeline's first frame after it. */
export interface IbgibAddress {
  readonly ib: string;
  /** SHA-256 in upper-case hexadecimal; null for a primitive, which is its label. */
  readonly hash: string | null;
  /** Hash of the timeline's first frame, in addresses of the frames after it. */
  readonly timeline: string | null;
}

/**
 * The address by which other programs know such an object. It is a name beside ours and not a way of keeping anything: the
 * hash does not tell data from relations or bytes of the same spelling.
 *
 * @param timeline hash of the first frame, for frames after it.
 */
export const ibgibAddressOf = async (
  { ib, data, rel8ns }: Ibgib,
  timeline: string | null = null,
): Promise<IbgibAddress> => {
  if (ib.includes('^')) throw new TypeError('A label has no "^".');
  const relations = Object.values(rel8ns ?? {}).some((addresses) => (addresses?.length ?? 0) > 0)
    ? await hashOf(spelled(rel8ns))
    : '';
  return { ib, hash: await hashOf((await hashOf(ib)) + relations + (await hashOfData(data))), timeline };
};

export const formatIbgibAddress = ({ ib, hash, timeline }: IbgibAddress): string =>
  `${ib}^${hash ?? primitive}${timeline === null ? '' : `.${timeline}`}`;

/** What an address says, or undefined where the text is none. */
export const parseIbgibAddress = (text: string): IbgibAddress | undefined => {
  const [, ib, gib] = addressPattern.exec(text) ?? [];
  if (ib === undefined || gib === undefined) return undefined;
  if (gib === primitive) return { ib, hash: null, timeline: null };
  const [hash = '', timeline = null] = gib.split('.');
  return { ib, hash, timeline };
};

const primitive = 'gib';
const addressPattern = /^([^^]*)\^(gib|[0-9A-F]{64}(?:\.[0-9A-F]{64})?)$/;

const hashOfData = async (data: Ibgib['data']): Promise<string> => {
  if (data instanceof Uint8Array) return hashOf(data);
  return data === undefined || Object.keys(data).length === 0 ? '' : hashOf(spelled(data));
};

const hashOf = async (content: string | Uint8Array): Promise<string> => {
  const digest = await digestOf(content);
  const bytes = fromBase64url(digest.slice('sha256-'.length)) ?? [];
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
};

/** Members in the order of their names, but for those that look like numbers, which JavaScript has first. */
const spelled = (value: unknown): string => JSON.stringify(value, withSortedMembers);

const withSortedMembers = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value;
