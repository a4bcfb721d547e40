import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ComponentType } from '@cd-push/protocol';

import type { ServiceState } from '../service/state.ts';

/** One real edit of one file, and where each recipient shows it. */
export interface Change {
  readonly componentType: ComponentType;
  /** Below the project's folder. */
  readonly file: string;
  /** What is replaced, once, and by what. */
  readonly edit: readonly [from: string, to: string];
  /** Reads what the page shows. It is sent to the page as text, so it may use nothing but the page's own globals. */
  readonly inPage: () => string | undefined;
  /** Finds the same in what the service answered. */
  readonly inService: (state: ServiceState) => string | undefined;
}

export const changes: readonly Change[] = [
  {
    componentType: 'template',
    file: 'src/counter.html',
    edit: ['What is kept when a file is saved?', 'What stays when you save a file?'],
    inPage: () => document.querySelector('.about summary')?.textContent ?? undefined,
    inService: ({ template }) => /<summary>(.*)<\/summary>/u.exec(template)?.[1],
  },
  {
    componentType: 'style',
    file: 'src/app.css',
    edit: ['--radius: 20px', '--radius: 32px'],
    inPage: () => {
      const card = document.querySelector('.card');
      return card === null ? undefined : getComputedStyle(card).borderTopLeftRadius;
    },
    inService: ({ style }) => /--radius: (\w+)/u.exec(style)?.[1],
  },
  {
    componentType: 'controller',
    file: 'src/counter.controller.ts',
    edit: ['const step = 1;', 'const step = 5;'],
    inPage: () => document.querySelector('[data-more]')?.textContent ?? undefined,
    inService: ({ buttons }) => buttons.more,
  },
  {
    componentType: 'module',
    file: 'src/greeting.ts',
    edit: ['`Hello, ', '`Good to see you, '],
    inPage: () => document.querySelector('[data-greeting]')?.textContent ?? undefined,
    inService: ({ greeting }) => greeting,
  },
  {
    componentType: 'config',
    file: 'config/app.json',
    edit: ['"title": "Hello, shell"', '"title": "Hello again, shell"'],
    inPage: () => document.querySelector('[data-title]')?.textContent ?? undefined,
    inService: ({ title }) => title,
  },
  {
    componentType: 'asset',
    file: 'assets/logo.svg',
    edit: ['fill="#b4472f"', 'fill="#2f6bb4"'],
    // The colour that the browser painted, a little inside the left edge.
    inPage: () => {
      const logo = document.querySelector<HTMLImageElement>('img.logo');
      const canvas = new OffscreenCanvas(40, 40).getContext('2d');
      if (logo === null || canvas === null || !logo.complete || logo.naturalWidth === 0) return undefined;
      canvas.drawImage(logo, 0, 0, 40, 40);
      const [red, green, blue] = canvas.getImageData(3, 20, 1, 1).data;
      return `rgb(${red}, ${green}, ${blue})`;
    },
    inService: ({ logo }) => /<rect [^>]*fill="([^"]+)"/u.exec(logo)?.[1],
  },
];

/** The text that the edit turns the file into. Rejects where the file does not hold exactly one place to edit. */
export const prepare = async (
  project: string,
  { file, edit: [from, to] }: Pick<Change, 'file' | 'edit'>,
): Promise<() => Promise<void>> => {
  const path = join(project, file);
  const parts = (await readFile(path, 'utf8')).split(from);
  if (parts.length !== 2)
    throw new Error(`${file} holds ${parts.length - 1} places that read ${from}, not one`);
  const text = parts.join(to);
  return () => writeFile(path, text);
};
