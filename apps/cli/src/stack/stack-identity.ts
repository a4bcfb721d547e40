import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

import { makePrivateFolder } from '../credentials/config-folder.ts';
import { readPrivateFile, writePrivateFile } from '../credentials/private-file.ts';

const StackIdentitySchema = Type.Object({
  /** Name under which the api signs; runtimes pin it, so it outlives changes of ports. */
  issuer: Type.String(),
  /** What the relay shows the api. */
  serviceSecret: Type.String({ minLength: 32 }),
  /** Of the seeded developer. */
  developerPassword: Type.String({ minLength: 32 }),
});
export type StackIdentity = Static<typeof StackIdentitySchema>;

/** Makes the data folder if need be, and gives what a stack keeps for itself. */
export const stackIdentity = (dataFolder: string): StackIdentity => {
  makePrivateFolder(dataFolder);
  // It lies in a project; none of it is for a repository.
  writeFileSync(join(dataFolder, '.gitignore'), '*\n');
  const file = join(dataFolder, 'identity.json');
  const kept = parse(readPrivateFile(file));
  if (kept !== undefined) return kept;
  const made: StackIdentity = {
    issuer: `https://${randomUUID()}.cd-push.invalid`,
    serviceSecret: randomBytes(32).toString('base64url'),
    developerPassword: randomBytes(32).toString('base64url'),
  };
  writePrivateFile(file, `${JSON.stringify(made, undefined, 2)}\n`);
  return made;
};

const parse = (text: string | undefined): StackIdentity | undefined => {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return Check(StackIdentitySchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};
