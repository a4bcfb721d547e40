import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readCompose, readImage, root } from '../src/deployment.ts';

const variables = { CD_PUSH_HOST: 'push.test' };
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('compose.yaml', () => {
  test('has no fault that a linter of compose files knows', () => {
    const dclint = join(import.meta.dirname, '../node_modules/.bin/dclint');
    const config = join(import.meta.dirname, '../dclint.yaml');
    const { status, stdout } = spawnSync(
      dclint,
      ['--config', config, '--max-warnings', '0', 'compose.yaml'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    expect([status, stdout.trim()]).toEqual([0, '']);
  });

  test('asks for the public name, and for nothing else', () => {
    expect(() => readCompose({})).toThrow('CD_PUSH_HOST');
    expect(JSON.stringify(readCompose(variables))).not.toContain('${');
  });

  test('takes images of exact versions', () => {
    for (const { image = '' } of Object.values(readCompose(variables).services)) {
      expect(image).toMatch(/^[a-z-]+:(local$|\d+\.\d+)/);
    }
  });

  test('gives nobody a secret but in a file, and to each only what it needs', () => {
    const { services } = readCompose(variables);
    for (const { environment = {}, secrets = [] } of Object.values(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (!/SECRET|PASSWORD|DATABASE_URL/.test(name)) continue;
        expect(name).toMatch(/_FILE$/);
        expect(secrets).toContain(value.replace('/run/secrets/', ''));
      }
    }
    // The database of the api holds the key that signs for everybody.
    expect(services['relay-1']?.secrets).toEqual(['service-secret', 'relay-database-url']);
    expect(services['relay-2']).toEqual(services['relay-1']);
  });

  test('runs what its images run', () => {
    for (const { build, command, healthcheck } of Object.values(readCompose(variables).services)) {
      if (build === undefined) continue;
      const image = readImage(build.target);
      expect(command).toEqual(image.command);
      expect(healthcheck?.test).toEqual(['CMD', 'node', '/healthcheck.mjs', '/readyz']);
      expect(image.healthcheck).toEqual(['node', '/healthcheck.mjs', '/livez']);
    }
  });
});

describe('deploy/Dockerfile', () => {
  const text = read('deploy/Dockerfile');

  test('has no fault that a linter of Dockerfiles knows', () => {
    expect(validate(text)).toEqual([]);
  });

  test('starts from images of exact versions', () => {
    const dockerfile = DockerfileParser.parse(text);
    const stages = new Set(dockerfile.getFROMs().map((from) => from.getBuildStage()));
    const foreign = dockerfile.getFROMs().filter((from) => !stages.has(from.getImage()));
    expect(foreign.length).toBeGreaterThan(0);
    for (const from of foreign) expect(from.getImage()).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/);
  });

  test.each(['api', 'relay'])('runs the %s as somebody who owns nothing of it', (target) => {
    const { user, environment } = readImage(target);
    expect(user).toBe('node');
    expect(environment).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' });
    expect(text).not.toMatch(/--chown/);
  });

  test('takes nothing in but what .dockerignore lets through, which no secret is among', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
      sources.split(' '),
    );
    const lines = read('.dockerignore').split('\n');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    for (const source of copied)
      expect(allowed.some((name) => name === source || name.startsWith(`${source}/`))).toBe(true);
    expect(allowed.filter((name) => name.includes('secret') || name === 'deploy')).toEqual([]);
  });
});

describe('deploy/Caddyfile', () => {
  test('keeps outside what only services and orchestrators ask, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cd-push-cluster-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const api = await startApi({ dataFile: join(folder, 'api.db'), logLevel: 'silent' });
    onTestFinished(() => api.close());
    const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security?: readonly object[] }>>;
    };
    const [, inside = ''] = /@inside path (.+)/.exec(read('deploy/Caddyfile')) ?? [];
    const isInside = (path: string): boolean =>
      inside
        .split(' ')
        .some((part) => (part.endsWith('*') ? path.startsWith(part.slice(0, -1)) : path === part));
    for (const [path, operations] of Object.entries(paths)) {
      const isForServices = Object.values(operations).every(
        ({ security = [] }) => JSON.stringify(security) === '[{"service":[]}]',
      );
      expect([path, isInside(path)]).toEqual([path, isForServices || /^\/(livez|readyz)$/.test(path)]);
    }
  });

  test('brings to relays what relays answer', async () => {
    const { services } = readCompose(variables);
    const relays = Object.entries(services).filter(([, { build }]) => build?.target === 'relay');
    const upstreams = relays.map(([name, { environment }]) => `${name}:${environment?.['PORT']}`);
    expect(read('deploy/Caddyfile')).toContain(`reverse_proxy ${upstreams.join(' ')} {`);
    expect(read('deploy/Caddyfile')).toContain(
      `reverse_proxy api:${services['api']?.environment?.['PORT']} {`,
    );
  });
});
