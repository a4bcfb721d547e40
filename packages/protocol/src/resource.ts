import { branded, type Resource } from './ids.ts';
import { limits } from './limits.ts';
import { problemOf } from './problem.ts';
import { ok, refuse, type Result } from './result.ts';
import type { Problem } from './wire/problem-schema.ts';

/** Neither what a path, a URL or a file system gives a meaning, nor what a reader does not see or what turns a text. */
const segment = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\\/%?#:*"<>|]+$/u;
/** Names that Windows keeps for devices, with or without an extension. */
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/iu;

/**
 * Parses a resource name: `/<module>/<path>`, in Unicode NFC, with neither `.` nor `..` nor empty segments, nor any
 * character that a file system, a URL or a reader could take for another. One resource has one name.
 *
 * @param path JSON pointer to the name within the message, for the problem.
 */
export const parseResource = (name: string, path = ''): Result<Resource, Problem> => {
  const fault = faultOf(name);
  return fault === undefined
    ? ok(branded<Resource>(name))
    : refuse(problemOf('invalid-envelope', { path, detail: `Resource name ${fault}.` }));
};

const faultOf = (name: string): string | undefined => {
  if (name.length > limits.resourceLength) return `is longer than ${limits.resourceLength} characters`;
  if (!name.startsWith('/')) return 'does not start with "/"';
  if (name.normalize('NFC') !== name) return 'is not in Unicode normal form C';
  const segments = name.slice(1).split('/');
  if (segments.length < 2) return 'has no path after its module';
  for (const part of segments) {
    if (part === '') return 'has an empty segment';
    if (part === '.' || part === '..') return 'has a "." or ".." segment';
    if (!segment.test(part)) return 'has a character that is not allowed';
    if (device.test(part)) return 'uses a name that is reserved for a device';
    if (part.endsWith('.') || part.endsWith(' ') || part.startsWith(' '))
      return 'has a segment that starts or ends badly';
  }
  return undefined;
};

/** The module that a resource belongs to: its first segment. */
export const moduleOf = (resource: Resource): string => resource.slice(1, resource.indexOf('/', 1));

/**
 * Whether a prefix (as in a grant) covers a resource: `/` covers all, and `/shop` covers `/shop/a` but not
 * `/shopping/a`.
 */
export const covers = (prefix: string, resource: string): boolean => {
  const stem = prefix.endsWith('/') ? prefix : `${prefix}/`;
  return resource.startsWith(stem) || resource === prefix;
};
