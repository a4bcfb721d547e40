import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import type { PatchInput } from '@cd-push/client';
import { limits, parseResource } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import { ignoredFiles } from '../project/ignored-files.ts';
import type { Settings } from '../settings/load-settings.ts';
import { baseEntry } from '../transform/base-entry.ts';
import { ignoreTooling, scanFiles } from '../transform/project-scan.ts';

/**
 * What comes in on stdin as a patch of the resource that was named, transformed as the same text in a file would be.
 * The project's files are only looked at to resolve imports.
 */
export const readStdinPatch = async (
  context: CliContext,
  settings: Settings,
  name: string,
): Promise<PatchInput> => {
  const { stdin } = context.process;
  if (stdin.isTTY === true)
    throw usageError(
      '--stdin reads the file’s text from a pipe.',
      `cat file | cd-cli push runtime --stdin --resource ${name}`,
    );
  const { module, root } = settings;
  const parsed = parseResource(name);
  if (!parsed.ok)
    throw usageError(
      `${name}: ${parsed.problem.detail ?? 'no resource name'}`,
      `Resources are named /<module>/<path>, here: /${module}/src/…`,
    );
  if (!name.startsWith(`/${module}/`))
    throw usageError(`${name} is of another module than this project, ${module}.`, `Name it /${module}/…`);
  const bytes = await buffer(stdin);
  if (bytes.length > limits.envelopeBytes)
    throw usageError(`${bytes.length} bytes came in; at most ${limits.envelopeBytes} fit one push.`);

  const ignored = ignoredFiles(root, settings);
  const files = new Set(
    existsSync(root) ? scanFiles(root, (path) => ignoreTooling(path) || ignored(path)) : [],
  );
  const path = name.slice(module.length + 2);
  const entry = baseEntry(name, bytes, {
    project: { module, has: (file) => file === path || files.has(file) },
    publicPath: '/',
    moduleOptions: { jsxImportSource: settings.jsxImportSource, legacyDecorators: settings.legacyDecorators },
    readStyle: (resource) => readText(join(root, resource.slice(module.length + 2))),
  });
  if (!entry.ok) {
    const { detail, title, frame } = entry.problem;
    throw new CliError(`invalid-patch: ${detail ?? title}\n${frame}`, {
      next: 'Nothing was sent. Correct the text and push again.',
    });
  }
  const { resource, type: componentType, content = new Uint8Array(bytes), map } = entry.value;
  return { change: 'put', resource, componentType, content, map };
};

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
