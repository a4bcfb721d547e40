import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Type } from 'typebox';
import { Parse } from 'typebox/value';

import { module, parts, values } from './settings.ts';

const program = fileURLToPath(new URL('../../program', import.meta.url));
/** What values and parts name as their push before there was one; `program` knows it too. */
const baseText = 'the base';

const Manifest = Type.Object({ resources: Type.Record(Type.String(), Type.Object({ url: Type.String() })) });

export interface BuiltProgram {
  /** Folder of the base. */
  readonly base: string;
  /** Content of a part as it travels, with this in place of the push that brought it. */
  readonly partTemplate: string;
  readonly placeholder: string;
}

/** Builds the program that runtimes run, with the project's own tool. */
export const buildProgram = async (folder: string): Promise<BuiltProgram> => {
  const [project, base] = [join(folder, 'program'), join(folder, 'base')];
  cpSync(program, project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: module, type: 'module' }));
  mkdirSync(join(project, 'values'));
  for (const resource of values)
    writeFileSync(inProject(project, resource), JSON.stringify({ push: baseText }));
  const cli = fileURLToPath(new URL('dist/main.js', import.meta.resolve('@cd-push/cli/package.json')));
  await promisify(execFile)(process.execPath, [cli, 'build', project, '--out', base]);
  const manifest = Parse(Manifest, JSON.parse(readFileSync(join(base, 'cd-push.base.json'), 'utf8')));
  const [part = ''] = parts;
  const partTemplate = readFileSync(join(base, manifest.resources[part]?.url ?? ''), 'utf8');
  return {
    base,
    partTemplate: partTemplate.replace(/\/\/# sourceMappingURL=.*\n/u, ''),
    placeholder: baseText,
  };
};

const inProject = (project: string, resource: string): string =>
  join(project, resource.slice(module.length + 2));
