import { randomBytes } from 'node:crypto';

/** What every participant of a run knows of the installation that is measured. */
export const module = 'bench';
export const environment = 'development';

const secretVariable = 'CD_PUSH_BENCH_SECRET';
process.env[secretVariable] ??= randomBytes(32).toString('base64url');

export const serviceCredential = { id: 'relay', secret: process.env[secretVariable] };
export const user = { userName: 'bench', password: serviceCredential.secret };
