import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { optionsFromEnvironment } from '../src/environment.ts';
import { startApi, type ApiOptions } from '../src/index.ts';
import { EnvironmentError } from '../src/read-environment.ts';
import { admin, newFolder } from './support/test-api.ts';

const seed = { ...admin, roles: [], grants: [] };

describe('the api does not start', () => {
  test.each<[string, ApiOptions]>([
    ['with a seeded user that others could reach', { host: '0.0.0.0', seed }],
    ['with a seeded user on all addresses', { host: '::', seed }],
    ['with a seeded user on a name', { host: 'localhost.example', seed }],
    ['with a short service secret', { serviceCredential: { id: 'relay', secret: 'short' } }],
    ['with an origin that is none', { allowedOrigins: ['https://app.example/page'] }],
    ['with every origin', { allowedOrigins: ['*'] }],
    ['with an issuer that is no URL', { issuer: 'me' }],
    ['with an issuer that has a query', { issuer: 'https://api.example?x' }],
    ['with an issuer that ends in a slash', { issuer: 'https://api.example/' }],
  ])('%s', async (_what, options) => {
    const dataFile = join(newFolder(), 'api.db');
    await expect(startApi({ dataFile, logLevel: 'silent', ...options })).rejects.toThrow(TypeError);
  });

  test('with two places to keep things', async () => {
    const options = { dataFile: join(newFolder(), 'api.db'), database: { url: 'postgres://127.0.0.1/none' } };
    await expect(startApi({ logLevel: 'silent', ...options })).rejects.toThrow(
      'one of dataFile, database and store',
    );
  });

  test('without a place to keep things', async () => {
    await expect(startApi({ logLevel: 'silent' })).rejects.toThrow('a dataFile, a database or a store');
  });
});

describe('the environment', () => {
  const enough = {
    CD_PUSH_ISSUER: 'https://api.example',
    CD_PUSH_DATA: '/data/api.db',
    CD_PUSH_SERVICE_SECRET: 'x'.repeat(32),
  };

  test('says everything that a deployment needs', () => {
    expect(
      optionsFromEnvironment({
        ...enough,
        HOST: '0.0.0.0',
        PORT: '9000',
        CD_PUSH_TENANT: 'acme',
        CD_PUSH_ALLOWED_ORIGINS: 'https://a.example, https://b.example',
        CD_PUSH_RELAY_URL: 'https://relay.example',
        CD_PUSH_LEGACY_LOGIN: 'on',
        CD_PUSH_TRUSTED_PROXIES: '10.0.0.1',
      }),
    ).toMatchObject({
      issuer: 'https://api.example',
      dataFile: '/data/api.db',
      host: '0.0.0.0',
      port: 9000,
      tenant: 'acme',
      allowedOrigins: ['https://a.example', 'https://b.example'],
      relayUrl: 'https://relay.example',
      legacyLogin: true,
      trustedProxies: ['10.0.0.1'],
      serviceCredential: { id: 'relay' },
    });
  });

  test('names a database that several processes share, and how long the audit is kept', () => {
    const url = 'postgres://api@db.example/api';
    expect(
      optionsFromEnvironment({
        ...enough,
        CD_PUSH_DATA: undefined,
        DATABASE_URL: url,
        CD_PUSH_DATABASE_SCHEMA: 'floor_2',
        CD_PUSH_AUDIT_DAYS: '30',
      }),
    ).toMatchObject({ database: { url, schema: 'floor_2' }, auditDays: 30 });
  });

  test('takes what is secret from files too, as they are mounted', () => {
    const folder = newFolder();
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const options = optionsFromEnvironment({
      CD_PUSH_ISSUER: enough.CD_PUSH_ISSUER,
      CD_PUSH_SERVICE_SECRET_FILE: file('secret', `${'y'.repeat(40)}\n`),
      DATABASE_URL_FILE: file('url', 'postgres://api:p%40ss@db.example/api\n'),
    });
    expect(options).toMatchObject({
      serviceCredential: { secret: 'y'.repeat(40) },
      database: { url: 'postgres://api:p%40ss@db.example/api' },
    });
    const empty = {
      ...enough,
      CD_PUSH_SERVICE_SECRET: undefined,
      CD_PUSH_SERVICE_SECRET_FILE: file('none', '\n'),
    };
    expect(() => optionsFromEnvironment(empty)).toThrow('which is empty');
  });

  test('is read alike by the api and the relay, to the letter', () => {
    const [own, relay] = ['..', '../../relay'].map((room) =>
      readFileSync(join(import.meta.dirname, room, 'src/read-environment.ts'), 'utf8'),
    );
    expect(own).toBe(relay);
  });

  test('counts what is empty as not set', () => {
    const empty = { HOST: '', PORT: '', LOG_LEVEL: '', CD_PUSH_LEGACY_LOGIN: '', CD_PUSH_TENANT: '' };
    expect(optionsFromEnvironment({ ...enough, ...empty })).toEqual(optionsFromEnvironment(enough));
  });

  test('has no way to seed a user, and leaves the legacy sign-in off', () => {
    const options = optionsFromEnvironment({
      ...enough,
      CD_PUSH_SEED: 'ada:password',
      CD_PUSH_SEED_USER: 'ada',
    });
    expect(options).not.toHaveProperty('seed');
    expect(options.legacyLogin).toBe(false);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['CD_PUSH_ISSUER', { CD_PUSH_ISSUER: undefined }],
    ['CD_PUSH_DATA', { CD_PUSH_DATA: '' }],
    ['CD_PUSH_SERVICE_SECRET', { CD_PUSH_SERVICE_SECRET: undefined }],
    ['CD_PUSH_ISSUER must be https', { CD_PUSH_ISSUER: 'http://api.example' }],
    ['CD_PUSH_ISSUER is not a URL', { CD_PUSH_ISSUER: 'api' }],
    ['PORT', { PORT: 'many' }],
    ['CD_PUSH_DATA or DATABASE_URL', { DATABASE_URL: 'postgres://db.example/api' }],
    ['CD_PUSH_AUDIT_DAYS', { CD_PUSH_AUDIT_DAYS: '0' }],
    ['CD_PUSH_SERVICE_SECRET_FILE', { CD_PUSH_SERVICE_SECRET_FILE: '/run/secrets/service-secret' }],
    [
      '/nowhere/secret',
      { CD_PUSH_SERVICE_SECRET: undefined, CD_PUSH_SERVICE_SECRET_FILE: '/nowhere/secret' },
    ],
    ['CD_PUSH_LEGACY_LOGIN', { CD_PUSH_LEGACY_LOGIN: 'yes' }],
    ['CD_PUSH_SERVICE_SECRET needs at least 32', { CD_PUSH_SERVICE_SECRET: 'short' }],
    ['LOG_LEVEL is one of info', { LOG_LEVEL: 'bogus' }],
  ])('is refused with a word on %s', (message, change) => {
    const attempt = () => optionsFromEnvironment({ ...enough, ...change });
    expect(attempt).toThrow(EnvironmentError);
    expect(attempt).toThrow(message);
  });
});
