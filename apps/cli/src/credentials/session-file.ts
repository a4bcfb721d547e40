import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { SessionStore, StoredSession } from '@cd-push/client';
import { GrantSchema, PublicKeySchema } from '@cd-push/protocol';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { exclusively } from './exclusively.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const StoredSessionSchema = Type.Object({
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
  sessionId: Type.String(),
  token: Type.String(),
  tokenExpiresAt: Type.Number(),
  tokenLifetimeMs: Type.Number(),
  refreshToken: Type.String(),
  certificate: Type.Union([Type.String(), Type.Null()]),
  grants: Type.Array(GrantSchema),
  clockOffsetMs: Type.Number(),
});

/** Keeps a session in a file that only its owner may read. What cannot be read as one counts as signed out. */
export const fileSessionStore = (folder: string): SessionStore => {
  const path = join(folder, 'session.json');
  return {
    load: async () => parseSession(readPrivateFile(path)),
    save: async (session) => writePrivateFile(path, `${JSON.stringify(session, undefined, 2)}\n`),
    clear: async () => rmSync(path, { force: true }),
    exclusively: (step) => exclusively(join(folder, 'session.lock'), step),
  };
};

const parseSession = (text: string | undefined): StoredSession | undefined => {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Check(StoredSessionSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};
