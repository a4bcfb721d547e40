import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { isReached } from '@cd-push/testing';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readCompose, root } from '../src/deployment.ts';
import { askForPrograms, startOwnPostgres } from './support/own-postgres.ts';

const makeSecrets = () => {
  const parent = mkdtempSync(join(tmpdir(), 'cd-push-secrets-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const folder = join(parent, 'secrets');
  const make = () => execFileSync(join(root, 'deploy/make-secrets.sh'), [folder], { encoding: 'utf8' });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { folder, make, read };
};

describe('deploy/make-secrets.sh', () => {
  test('makes every secret that compose.yaml mounts, and none that it does not', () => {
    const { folder, make } = makeSecrets();
    make();
    const { secrets } = readCompose({ CD_PUSH_HOST: 'push.test' });
    const mounted = Object.values(secrets).map(({ file }) => basename(file));
    expect(readdirSync(folder).toSorted()).toEqual(mounted.toSorted());
  });

  test('makes them long, different from each other, and readable in a folder of their owner’s alone', () => {
    const { folder, make, read } = makeSecrets();
    make();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const names = readdirSync(folder);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o444);
    const passwords = names.filter((name) => !name.endsWith('-url')).map(read);
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(new Set(passwords).size).toBe(passwords.length);
  });

  test('leaves what is there as it is', () => {
    const { make, read } = makeSecrets();
    expect(make()).toContain('made');
    const before = read('service-secret');
    expect(make()).toBe('');
    expect(read('service-secret')).toBe(before);
  });
});

describe.runIf(await isReached('installation of PostgreSQL', askForPrograms))(
  'deploy/postgres-init.sh',
  () => {
    test('makes databases that each open to their own owner by the secrets, and to nobody else', async () => {
      const { folder, make, read } = makeSecrets();
      make();
      const server = await startOwnPostgres(read('postgres-password'));
      const env = { ...server, SECRETS_FOLDER: folder };
      execFileSync(join(root, 'deploy/postgres-init.sh'), [], { env, stdio: 'pipe' });

      const open = async (url: string): Promise<string> => {
        const client = new Client({ connectionString: url });
        client.on('error', () => {});
        try {
          await client.connect();
          await client.query('create schema cd_push');
          return 'opened';
        } catch (error) {
          return error instanceof Error ? error.message : '';
        } finally {
          await client.end();
        }
      };
      const urlOf = (owner: string): string =>
        read(`${owner}-database-url`).replace('@postgres:5432', `@127.0.0.1:${server['PGPORT']}`);
      expect(await open(urlOf('api'))).toBe('opened');
      expect(await open(urlOf('relay'))).toBe('opened');
      expect(await open(urlOf('relay').replace(/\/relay$/, '/api'))).toContain('permission denied');
      expect(await open(urlOf('api').replace(/\/api$/, '/relay'))).toContain('permission denied');
      expect(await open(urlOf('api').replace(read('api-database-password'), 'guessed'))).toContain(
        'password',
      );
    });
  },
);
