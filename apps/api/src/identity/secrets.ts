import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A bearer secret of 256 bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of a random secret; its entropy makes salt and stretching needless. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Compares without telling by its time where two texts part. */
export const sameSecret = (one: string, other: string): boolean =>
  timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest());
