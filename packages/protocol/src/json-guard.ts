import { limits } from './limits.ts';
import { problemOf } from './problem.ts';
import type { ProblemKind } from './problem-kinds.ts';
import type { Problem } from './wire/problem-schema.ts';

const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Looks through a decoded JSON value for what no message may hold, wherever it stands: keys that reach an object's
 * prototype, NUL in a key, nesting deeper than the limit.
 */
export const guardJson = (value: unknown, kind: ProblemKind = 'invalid-envelope'): Problem | undefined => {
  const fault = look(value, '', 0);
  return fault === undefined ? undefined : problemOf(kind, fault);
};

const look = (value: unknown, path: string, depth: number): { path: string; detail: string } | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= limits.depth) return { path, detail: `Nested deeper than ${limits.depth} levels.` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item !== 'object' || item === null) continue;
      const fault = look(item, `${path}/${index}`, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  // Binary attachments of a socket are the only objects besides plain ones that a decoder hands out.
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return { path, detail: 'Binary data is not expected here.' };
  for (const [key, member] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) return { path: `${path}/${key}`, detail: `The key "${key}" is not allowed.` };
    if (key.includes('\u0000')) return { path, detail: 'A key holds a NUL character.' };
    if (typeof member !== 'object' || member === null) continue;
    const fault = look(member, `${path}/${pointerPart(key)}`, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

/** A key as a part of a JSON pointer (RFC 6901). Few hold what has to be written in another way, and all keys pass here. */
export const pointerPart = (key: string): string =>
  special.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;

const special = /[~/]/;
