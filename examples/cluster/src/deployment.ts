import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DockerfileParser } from 'dockerfile-ast';
import { parse } from 'yaml';

/** The workspace, with the files that are deployed from it. */
export const root = join(import.meta.dirname, '../../..');

/** What of a service in compose.yaml matters to a process that takes its place. */
export interface Service {
  readonly image?: string;
  /** Stage of deploy/Dockerfile. */
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads compose.yaml as `docker compose` would with these variables.
 *
 * @throws {Error} for a variable that it asks for and that is not there.
 */
export const readCompose = (variables: Variables): ComposeFile => {
  const text = readFileSync(join(root, 'compose.yaml'), 'utf8');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this repository's own file, whose schema a test checks
  return inserted(parse(text, { merge: true }), variables) as ComposeFile;
};

/** `${NAME}`, `${NAME:-default}` and `${NAME:?what it is}` in every text. */
const inserted = (value: unknown, variables: Variables): unknown => {
  if (typeof value === 'string') {
    return value.replaceAll(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_all, name: string, kind?: string, more = '') => {
        const given = variables[name];
        if (given !== undefined && given !== '') return given;
        if (kind === '?') throw new Error(`Set ${name}: ${String(more)}.`);
        return kind === '-' ? String(more) : '';
      },
    );
  }
  if (Array.isArray(value)) return value.map((item) => inserted(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inserted(item, variables)]));
};

/** What an image of deploy/Dockerfile is set to. */
export interface Image {
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Reads one stage with those that it goes on from. */
export const readImage = (target: string): Image => {
  const dockerfile = DockerfileParser.parse(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8'));
  const environment: Record<string, string> = {};
  let user: string | undefined;
  let command: string[] = [];
  let healthcheck: string[] = [];
  /** From the first stage of the chain to the asked one. */
  const read = (name: string): void => {
    const froms = dockerfile.getFROMs();
    const index = froms.findIndex((from) => from.getBuildStage() === name);
    const from = froms[index];
    if (from === undefined) return;
    read(from.getImage() ?? '');
    const start = from.getRange().start.line;
    const end = froms[index + 1]?.getRange().start.line ?? Number.POSITIVE_INFINITY;
    for (const instruction of dockerfile.getInstructions()) {
      const { line } = instruction.getRange().start;
      if (line <= start || line >= end) continue;
      const text = instruction.getArgumentsContent() ?? '';
      switch (instruction.getKeyword()) {
        case 'ENV':
          for (const [, variable = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g))
            environment[variable] = value;
          break;
        case 'USER':
          user = text;
          break;
        case 'CMD':
          command = listIn(text);
          break;
        case 'HEALTHCHECK':
          healthcheck = listIn(text);
          break;
        default:
      }
    }
  };
  read(target);
  return { environment, user, command, healthcheck };
};

/** A command in its exec form. */
const listIn = (text: string): string[] => {
  const list: unknown = JSON.parse(text.slice(text.indexOf('[')));
  return Array.isArray(list) ? list.map(String) : [];
};
