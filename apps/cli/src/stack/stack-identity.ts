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
  /** Of the page the last time; a page keeps what it has under its address. */
  pagePort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
});
export type StackIdentity = Static<typeof StackIdentitySchema>;

/** Makes a data folder if need be. It lies in a project; none of it is for a repository. */
export const makeDataFolder = (dataFolder: string): void => {
  makePrivateFolder(dataFolder);
  writeFileSync(join(dataFolder, '.gitignore'), '*\n');
};

/** What a stack keeps for itself in its data folder; made at the first call. */
export const stackIdentity = (dataFolder: string): StackIdentity => {
  makeDataFolder(dataFolder);
  const kept = parse(readPrivateFile(identityFile(dataFolder)));
  if (kept !== undefined) return kept;
  const made: StackIdentity = {
    issuer: `https://${randomUUID()}.cd-push.invalid`,
    serviceSecret: randomBytes(32).toString('base64url'),
    developerPassword: randomBytes(32).toString('base64url'),
  };
  write(dataFolder, made);
  return made;
};

/** Wishes for the same port the next time. */
export const rememberPort = (dataFolder: string, identity: StackIdentity, pagePort: number): void => {
  if (identity.pagePort !== pagePort) write(dataFolder, { ...identity, pagePort });
};

const identityFile = (dataFolder: string): string => join(dataFolder, 'identity.json');

const write = (dataFolder: string, identity: StackIdentity): void =>
  writePrivateFile(identityFile(dataFolder), `${JSON.stringify(identity, undefined, 2)}\n`);

const parse = (text: string | undefined): StackIdentity | undefined => {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return Check(StackIdentitySchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};
