import { componentTypes, problemOf, ProblemError, type ComponentType } from '@cd-push/protocol';

import type { Base, BaseResource } from '../record/base.ts';

/** Name of the manifest below the base's URL. */
const manifestName = 'cd-push.base.json';

/**
 * Fetches what the page was served with.
 *
 * @param baseUrl absolute, with a slash at the end.
 * @throws ProblemError `unavailable` where there is no manifest, `invalid-request` where it is none.
 */
export const loadBase = async (baseUrl: string): Promise<Base> => {
  const url = new URL(manifestName, baseUrl);
  // A deployment replaces the manifest under the same name.
  const response = await fetch(url, { cache: 'no-cache' });
  if (!response.ok) {
    const detail = `There is no ${url.href}: the server answered ${response.status}. "cd-cli build" writes it.`;
    throw new ProblemError(problemOf('unavailable', { detail }));
  }
  return readBase(await response.json(), baseUrl);
};

const readBase = (manifest: unknown, baseUrl: string): Base => {
  const { module, base, resources, packages = {} } = membersOf(manifest);
  if (typeof module !== 'string' || typeof base !== 'string') throw invalid();
  const read = Object.entries(membersOf(resources)).map(([resource, entry]): [string, BaseResource] => {
    const { type, digest, url } = membersOf(entry);
    if (!isComponentType(type) || typeof digest !== 'string' || typeof url !== 'string') throw invalid();
    return [resource, { type, digest, url: new URL(url, baseUrl).href }];
  });
  const named = Object.entries(membersOf(packages)).map(([specifier, url]): [string, string] => {
    if (typeof url !== 'string') throw invalid();
    return [specifier, new URL(url, baseUrl).href];
  });
  return { module, digest: base, resources: new Map(read), packages: new Map(named) };
};

const membersOf = (value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) throw invalid();
  return Object.fromEntries(Object.entries(value));
};

const isComponentType = (value: unknown): value is ComponentType =>
  componentTypes.some((type) => type === value);

const invalid = (): ProblemError =>
  new ProblemError(problemOf('invalid-request', { detail: `${manifestName} is not a base manifest.` }));
