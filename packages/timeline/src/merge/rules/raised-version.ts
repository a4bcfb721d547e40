import { compareVersions, validateStrict } from 'compare-versions';

import type { Rule } from './rule.ts';

/** Both raised the same version, written as a string of its own (`"1.4.0"`, `"^1.4.0"`): the higher one stands. */
export const raisedVersion: Rule = ({ base, ours, theirs }) => {
  const [was, one, other] = [versionIn(base), versionIn(ours), versionIn(theirs)];
  if (was === undefined || one === undefined || other === undefined) return undefined;
  if (one.frame !== was.frame || other.frame !== was.frame) return undefined;
  const isRaised =
    compareVersions(one.version, was.version) > 0 && compareVersions(other.version, was.version) > 0;
  if (!isRaised) return undefined;
  const order = compareVersions(one.version, other.version);
  // Builds of one version have no order.
  return order === 0 ? undefined : order > 0 ? ours : theirs;
};

/** A semantic version, and what stands around it: quotes, and the sign of a range. */
export const versionIn = (text: string): { readonly frame: string; readonly version: string } | undefined => {
  const [, open, version, close] = /^(["'][~^]?)(\d[\w.+-]*)(["'])$/.exec(text) ?? [];
  return version !== undefined && validateStrict(version) ? { frame: `${open}${close}`, version } : undefined;
};
