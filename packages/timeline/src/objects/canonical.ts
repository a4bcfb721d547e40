import { guardJson, ok, problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';
import canonicalize from 'canonicalize';

import { utf8 } from '../crypto/base64url.ts';
import type { StoredObject } from '../space/space.ts';
import { addressOf } from './address.ts';
import { isMembers, type Members } from './members.ts';

/** The one spelling of a JSON value (RFC 8785). */
export const canonicalText = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('This is no JSON.');
  return text;
};

/** The same of an object, as bytes. */
export const canonicalBytes = (object: object): Uint8Array<ArrayBuffer> => utf8(canonicalText(object));

/** An object with its address. */
export const storedObject = async (object: object): Promise<StoredObject> => {
  const bytes = canonicalBytes(object);
  return { address: await addressOf('json', bytes), bytes };
};

/** Bytes of a file, or its text, with their address. */
export const storedBlob = async (content: string | Uint8Array): Promise<StoredObject> => {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  return { address: await addressOf('raw', bytes), bytes };
};

/** The JSON of an object's bytes; whatever is spelled in another way than the canonical one is none. */
export const parseCanonical = (bytes: Uint8Array): Result<Members, Problem> => {
  const parsed = parse(bytes);
  if (!parsed.ok) return parsed;
  const { text, value } = parsed.value;
  if (!isMembers(value)) return refuse(bad('An object is a JSON object.'));
  const fault = guardJson(value, 'bad-object');
  if (fault !== undefined) return refuse(fault);
  return spelled(value) === text
    ? ok(value)
    : refuse(bad('The object is not spelled canonically (RFC 8785).'));
};

const parse = (bytes: Uint8Array): Result<{ readonly text: string; readonly value: unknown }, Problem> => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return ok({ text, value });
  } catch {
    return refuse(bad('The object is no JSON.'));
  }
};

/** Undefined for what has no canonical spelling: a lone surrogate, say. */
const spelled = (value: object): string | undefined => {
  try {
    return canonicalize(value);
  } catch {
    return undefined;
  }
};

const bad = (detail: string): Problem => problemOf('bad-object', { detail });
