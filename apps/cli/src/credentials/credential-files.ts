import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Account, CredentialStore } from '@cd-push/client';
import { EstablishmentSchema, IdentityEventSchema, PublicKeySchema } from '@cd-push/protocol';
import { isAddress, type Address, type KeptIdentity, type KeptNextKey } from '@cd-push/timeline';
import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { CliError } from '../cli-error.ts';
import { exclusively } from './exclusively.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const AccountSchema = Type.Object({
  apiUrl: Type.String(),
  issuer: Type.String(),
  tenant: Type.String(),
  keys: Type.Array(PublicKeySchema),
  user: Type.Object({
    id: Type.Integer(),
    guid: Type.String(),
    name: Type.String(),
    subject: Type.String(),
    roles: Type.Array(Type.String()),
  }),
  identity: Type.String(),
});

const OwnAddressSchema = Type.Refine(Type.Unsafe<Address>(Type.String()), isAddress);
const PrivateKeySchema = Type.Object({
  ...PublicKeySchema.properties,
  d: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});

const IdentitySchema = Type.Object({
  v: Type.Literal(1),
  identity: OwnAddressSchema,
  establishments: Type.Unsafe<KeptIdentity['establishments']>(
    Type.Array(EstablishmentSchema, { minItems: 1 }),
  ),
  established: OwnAddressSchema,
  n: Type.Integer(),
  tip: OwnAddressSchema,
  pending: Type.Array(IdentityEventSchema),
  isRevoked: Type.Boolean(),
  key: PrivateKeySchema,
});

const NextKeysSchema = Type.Array(
  Type.Object({ v: Type.Literal(1), identity: OwnAddressSchema, key: PrivateKeySchema }),
);

/**
 * Keeps an identity in files that only their owner may read: who it was bound to, its key in force with how far its log
 * goes, and the key of its next rotation in a file apart. What a session signs with is never written down.
 */
export const credentialFiles = (folder: string): CredentialStore => {
  const accountFile = join(folder, 'account.json');
  const identityFile = join(folder, 'identity.json');
  const nextKeyFile = join(folder, 'next-key.json');
  return {
    account: async (): Promise<Account | undefined> => parsed(AccountSchema, readPrivateFile(accountFile)),
    keepAccount: async (account) => write(accountFile, account),
    forgetAccount: async () => rmSync(accountFile, { force: true }),
    identity: async (): Promise<KeptIdentity | undefined> => must(IdentitySchema, identityFile),
    keepIdentity: async (kept) => write(identityFile, kept),
    nextKeys: async (): Promise<readonly KeptNextKey[]> => must(NextKeysSchema, nextKeyFile) ?? [],
    keepNextKeys: async (keys) => write(nextKeyFile, keys),
    exclusively: (step) => exclusively(join(folder, 'identity.lock'), step),
  };
};

const write = (path: string, value: object): void =>
  writePrivateFile(path, `${JSON.stringify(value, undefined, 2)}\n`);

const parsed = <Schema extends TSchema>(
  schema: Schema,
  text: string | undefined,
): Static<Schema> | undefined => {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return Check(schema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** A key that cannot be read is not made anew behind anybody's back. */
const must = <Schema extends TSchema>(schema: Schema, path: string): Static<Schema> | undefined => {
  const value = parsed(schema, readPrivateFile(path));
  if (value !== undefined || !existsSync(path)) return value;
  throw new CliError(`${path} is not what an identity is kept as.`, {
    next: 'Bring back what was there before, or remove it and sign in again: cd-cli login',
  });
};
