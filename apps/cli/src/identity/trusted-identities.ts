import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { AddressSchema } from '@cd-push/protocol';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { CliError } from '../cli-error.ts';
import { readPrivateFile, writePrivateFile } from '../credentials/private-file.ts';

const TrustedSchema = Type.Array(AddressSchema, { minItems: 1 });

const fileIn = (dataFolder: string): string => join(dataFolder, 'trusted-identities.json');

/** Whom runtimes believe that join by a code of this project; undefined for whichever the issuer certifies. */
export const trustedIdentities = (dataFolder: string): readonly string[] | undefined => {
  const path = fileIn(dataFolder);
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  const value = parsed(text);
  if (Check(TrustedSchema, value)) return value;
  throw new CliError(`${path} lists no identities any more.`, {
    next: 'Say again whom to believe: cd-cli identity trust <identity>..., or --any',
  });
};

/** @param identities undefined for whichever the issuer certifies. */
export const keepTrusted = (dataFolder: string, identities: readonly string[] | undefined): void => {
  if (identities === undefined) rmSync(fileIn(dataFolder), { force: true });
  else writePrivateFile(fileIn(dataFolder), `${JSON.stringify([...new Set(identities)], undefined, 2)}\n`);
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
