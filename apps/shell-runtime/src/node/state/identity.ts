import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { enrol, type RuntimeIdentity } from '@cd-push/client';
import {
  ApprovalsAskedSchema,
  LabelsSchema,
  NameSchema,
  problemOf,
  ProblemError,
  PublicKeySchema,
} from '@cd-push/protocol';
import { cryptoPlatform, type SigningKey } from '@cd-push/timeline';
import Type from 'typebox';
import { Check } from 'typebox/value';

import { readIfThere, writeDurably } from '../contents/content-folder.ts';
import { parsedJson } from '../parsed-json.ts';

/** Who this runtime is: its key, its credential, and the name of this one process of it. */
export interface KeptIdentity {
  readonly key: SigningKey;
  readonly identity: RuntimeIdentity;
  /** Stays the same over restarts, so that what a crash left open is settled under the same name. */
  readonly instance: string;
}

export interface IdentityOptions {
  readonly apiUrl: string;
  readonly joinCode: string | undefined;
  /** For people who read lists of runtimes. */
  readonly name: string | undefined;
}

const keyFile = 'key.json';
const identityFile = 'identity.json';
const PrivateKeySchema = Type.Object({
  ...PublicKeySchema.properties,
  d: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});
const IdentitySchema = Type.Object({
  instance: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  identity: Type.Object({
    apiUrl: Type.String(),
    resourceGuid: Type.String({ minLength: 1 }),
    name: Type.String(),
    module: NameSchema,
    environment: NameSchema,
    labels: LabelsSchema,
    groups: Type.Array(Type.String()),
    approvals: Type.Optional(ApprovalsAskedSchema),
    trustRoot: Type.Object({
      issuer: Type.String({ minLength: 1 }),
      tenant: NameSchema,
      keys: Type.Array(PublicKeySchema, { minItems: 1 }),
      identities: Type.Optional(Type.Array(Type.String())),
    }),
  }),
});

/**
 * The identity that the folder keeps, or one that a join code gets. A join code is not looked at where there is an
 * identity already, so that a restart with the same settings is no second enrolment.
 *
 * @throws ProblemError `unauthenticated` where there is neither; what `enrol` throws.
 */
export const keptIdentity = async (dir: string, options: IdentityOptions): Promise<KeptIdentity> => {
  const known = await readJson(dir, identityFile, IdentitySchema);
  const { apiUrl, joinCode, name } = options;
  if (known !== undefined)
    return { key: await keptKey(dir), ...known, identity: { ...known.identity, apiUrl } };
  if (joinCode === undefined) {
    const detail = `This runtime is not enrolled yet (nothing in ${dir}). Start it once with a join code.`;
    throw new ProblemError(problemOf('unauthenticated', { detail }));
  }
  const key = await keptKey(dir);
  const identity = await enrol({ apiUrl, joinCode, key, ...(name === undefined ? {} : { name }) });
  const instance = randomUUID();
  await writeDurably(join(dir, identityFile), JSON.stringify({ instance, identity }, undefined, 2));
  return { key, identity, instance };
};

const keptKey = async (dir: string): Promise<SigningKey> => {
  const kept = await readJson(dir, keyFile, PrivateKeySchema);
  if (kept !== undefined) return cryptoPlatform.importPrivateKey(kept);
  const fresh = await cryptoPlatform.generatePrivateKey();
  await writeDurably(join(dir, keyFile), JSON.stringify(fresh));
  return cryptoPlatform.importPrivateKey(fresh);
};

const readJson = async <Schema extends Type.TSchema>(
  dir: string,
  name: string,
  schema: Schema,
): Promise<Type.Static<Schema> | undefined> => {
  const bytes = await readIfThere(join(dir, name));
  if (bytes === undefined) return undefined;
  const value = parsedJson(bytes.toString('utf8'));
  if (Check(schema, value)) return value;
  const detail = `${join(dir, name)} is damaged. Remove it to start anew; the runtime then has to be enrolled again.`;
  throw new ProblemError(problemOf('invalid-request', { detail }));
};
