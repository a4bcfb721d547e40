import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import {
  AuditHeadSchema,
  PublicKeySchema,
  SignedAuditHeadSchema,
  type AuditHead,
  type SignedAuditHead,
} from '@cd-push/protocol';
import { openAuditHead, type TrustRoot } from '@cd-push/timeline';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

import { configFolder } from '../credentials/config-folder.ts';
import { exclusively } from '../credentials/exclusively.ts';
import { readPrivateFile, writePrivateFile } from '../credentials/private-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A head whose signature was checked, with what it says. */
const KnownHeadSchema = Type.Object({ signed: SignedAuditHeadSchema, head: AuditHeadSchema });
type KnownHead = Static<typeof KnownHeadSchema>;

const KnownHeadsSchema = Type.Object({
  issuer: Type.String(),
  tenant: Type.String(),
  keys: Type.Array(PublicKeySchema),
  /** The furthest head of each chain that was seen, the latest last. */
  heads: Type.Array(KnownHeadSchema),
});

/** Heads that an issuer, or relays that it certified, showed this machine, and the keys that they were checked with. */
export type KnownHeads = Static<typeof KnownHeadsSchema>;

/** A head that says something else than what was said before. */
export interface Contradiction {
  readonly before: AuditHead;
  readonly now: AuditHead;
}

/** Each run of a process has a chain; those of the latest are kept. */
const chainsKept = 1_000;

export const auditHeadsFolder = (env: Environment): string => join(configFolder(env), 'audit-heads');

const fileOf = (env: Environment, { issuer, tenant }: TrustRoot): string => {
  const name = `${tenant}@${issuer}`.replaceAll(/[^A-Za-z0-9.-]+/gu, '_').slice(0, 200);
  return join(auditHeadsFolder(env), `${name}.json`);
};

/** All that this machine knows, an issuer each. What cannot be read as such says nothing. */
export const knownHeads = (env: Environment): KnownHeads[] => {
  const folder = auditHeadsFolder(env);
  return namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => parse(readPrivateFile(join(folder, name))) ?? []);
};

/**
 * Keeps heads for a later verification: those that are signed as they must be, and go further than what is known of their
 * chain.
 *
 * @returns where what is shown now contradicts what was shown before: then the audit was cut, or written anew.
 */
export const rememberHeads = async (
  env: Environment,
  { issuer, tenant, keys }: TrustRoot,
  shown: readonly SignedAuditHead[],
): Promise<Contradiction[]> => {
  const heads = await checkedHeads(shown, { issuer, tenant, keys });
  if (heads.length === 0) return [];
  const file = fileOf(env, { issuer, tenant, keys });
  return exclusively(`${file}.lock`, async () => {
    const before = parse(readPrivateFile(file))?.heads ?? [];
    const kept = new Map(before.map((known) => [known.head.node, known]));
    const contradictions: Contradiction[] = [];
    for (const one of heads) {
      const known = kept.get(one.head.node);
      if (known !== undefined && contradicts(known.head, one.head))
        contradictions.push({ before: known.head, now: one.head });
      if (known !== undefined && known.head.sequence >= one.head.sequence) continue;
      kept.delete(one.head.node);
      kept.set(one.head.node, one);
    }
    const latest = [...kept.values()].slice(-chainsKept);
    writePrivateFile(file, `${JSON.stringify({ issuer, tenant, keys, heads: latest }, undefined, 2)}\n`);
    return contradictions;
  });
};

/** Those whose signature holds, and what they say. */
export const checkedHeads = async (
  shown: readonly SignedAuditHead[],
  root: TrustRoot,
): Promise<KnownHead[]> => {
  const opened = await Promise.all(
    shown.map(async (signed) => ({ signed, result: await openAuditHead(signed, root) })),
  );
  return opened.flatMap(({ signed, result }) => (result.ok ? [{ signed, head: result.value }] : []));
};

/** A chain only grows: the same place has one hash, and a later word reaches at least as far. */
const contradicts = (before: AuditHead, now: AuditHead): boolean =>
  before.sequence === now.sequence
    ? before.hash !== now.hash
    : now.at > before.at && now.sequence < before.sequence;

const parse = (text: string | undefined): KnownHeads | undefined => {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return Check(KnownHeadsSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
