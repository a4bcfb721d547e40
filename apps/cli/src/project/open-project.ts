import { buildBase, type Base } from '../transform/base.ts';
import type { Settings } from '../settings/load-settings.ts';
import { ignoredFiles } from './ignored-files.ts';

/** Reads and transforms the project's files. */
export const openProject = (settings: Settings): Base =>
  buildBase(settings.root, settings.module, {
    ignore: ignoredFiles(settings.root, settings),
    jsxImportSource: settings.jsxImportSource,
    legacyDecorators: settings.legacyDecorators,
  });
