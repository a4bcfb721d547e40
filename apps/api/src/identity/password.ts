import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** Argon2id as OWASP's password storage cheat sheet asks for at least: 19 MiB, two passes, one lane. */
const current = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const tagLength = 32;

/** A password's hash in PHC string format, with its parameters and salt. */
export const hashPassword = async (password: string): Promise<string> => {
  const nonce = randomBytes(16);
  const tag = await derive('argon2id', { message: password.normalize('NFKC'), nonce, tagLength, ...current });
  const { memory, passes, parallelism } = current;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
};

/** Whether the password is the one that was hashed, and whether it should be hashed anew with today's parameters. */
export const verifyPassword = async (
  password: string,
  phc: string,
): Promise<{ readonly holds: boolean; readonly outdated: boolean }> => {
  const { memory, passes, parallelism, nonce, tag } = parsePhc(phc);
  const actual = await derive('argon2id', {
    message: password.normalize('NFKC'),
    nonce,
    tagLength: tag.length,
    memory,
    passes,
    parallelism,
  });
  const outdated =
    memory !== current.memory || passes !== current.passes || parallelism !== current.parallelism;
  return { holds: timingSafeEqual(actual, tag), outdated };
};

const phcPattern = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const parsePhc = (phc: string) => {
  const [, memory, passes, parallelism, nonce, tag] = phcPattern.exec(phc) ?? [];
  if (nonce === undefined || tag === undefined)
    throw new Error('The store holds a password hash of an unknown form.');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
};

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
