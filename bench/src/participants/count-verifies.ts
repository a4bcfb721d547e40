import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

import { noted } from './noted.ts';

let verified = 0;

/** How often this process has verified a signature, from its start. */
export const verifiedNow = (): number => verified;

crypto.verify = noted(crypto.verify, () => {
  verified += 1;
});
syncBuiltinESMExports();
