import { join } from 'node:path';

import { isPublicKey } from '@cd-push/protocol';
import { cryptoPlatform, type PrivateKeyJwk, type SigningKey } from '@cd-push/timeline';

import { CliError } from '../cli-error.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const keyFile = (folder: string): string => join(folder, 'key.json');

/** The key pair of a credential folder; made and kept at the first call. */
export const keptKey = async (folder: string): Promise<SigningKey> => {
  const kept = readKey(folder);
  if (kept !== undefined) return cryptoPlatform.importPrivateKey(kept);
  const made = await cryptoPlatform.generatePrivateKey();
  writePrivateFile(keyFile(folder), `${JSON.stringify(made)}\n`);
  return cryptoPlatform.importPrivateKey(made);
};

const readKey = (folder: string): PrivateKeyJwk | undefined => {
  const path = keyFile(folder);
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  const key = parseKey(text);
  if (key === undefined)
    throw new CliError(`${path} is not a private key any more.`, {
      next: `Remove it and sign in again: cd-cli login`,
    });
  return key;
};

const parseKey = (text: string): PrivateKeyJwk | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('d' in value) || typeof value.d !== 'string')
    return undefined;
  const { d, ...publicKey } = value;
  return isPublicKey(publicKey) ? { ...publicKey, d } : undefined;
};
