import { describe, expect, test } from 'vitest';

import { componentTypeOf } from '../../src/transform/component-type.ts';
import { resolveSpecifier, type ProjectFiles } from '../../src/transform/resolve-specifier.ts';

const project = (...files: string[]): ProjectFiles => ({
  module: 'shop',
  has: (path) => files.includes(path),
});

const files = project(
  'main.ts',
  'src/cart.ts',
  'src/both.js',
  'src/both.ts',
  'src/view.tsx',
  'src/list/index.ts',
  'src/list/item.ts',
  'src/data.json',
  'src/shop.css',
);
const resolve = (specifier: string, importer = '/shop/src/list/item.ts'): string => {
  const found = resolveSpecifier(files, importer, specifier);
  return found.kind === 'resource'
    ? found.resource
    : found.kind === 'external'
      ? `external ${found.specifier}`
      : found.reason;
};

describe('specifiers', () => {
  test.each([
    ['a path with its extension', '../cart.ts', '/shop/src/cart.ts'],
    ['a path without its extension', '../cart', '/shop/src/cart.ts'],
    ['.js for the TypeScript it is compiled from', '../cart.js', '/shop/src/cart.ts'],
    ['.jsx for the TypeScript it is compiled from', '../view.jsx', '/shop/src/view.tsx'],
    ['.js for the file of that very name first', '../both.js', '/shop/src/both.js'],
    ['a folder by its index', '..//list', '/shop/src/list/index.ts'],
    ['the own folder', '.', '/shop/src/list/index.ts'],
    ['the own folder with a slash', './', '/shop/src/list/index.ts'],
    ['a path from the project’s folder', '/src/cart', '/shop/src/cart.ts'],
    ['JSON and styles', '/src/shop.css', '/shop/src/shop.css'],
    ['JSON without extension', '/src/data', '/shop/src/data.json'],
    ['up to the top', '../../main', '/shop/main.ts'],
    ['a package', 'preact/hooks', 'external preact/hooks'],
    ['a scoped package', '@preact/signals', 'external @preact/signals'],
    ['a built-in module', 'node:fs', 'external node:fs'],
    ['an absolute URL', 'https://esm.sh/preact', 'external https://esm.sh/preact'],
    ['a URL without scheme', '//esm.sh/preact', 'external //esm.sh/preact'],
    ['a file that is not there', './absent', 'there is no such file'],
    ['a way out of the project', '../../../other/x.ts', 'it leads out of the project'],
    ['the folder around the project', '../../..', 'it leads out of the project'],
    ['a way out from the project’s folder', '/../other/x.ts', 'it leads out of the project'],
    ['a query', '../cart.ts?raw', '"?raw" after a file name has no meaning here'],
  ])('%s: %s', (_, specifier, expected) => {
    expect(resolve(specifier)).toBe(expected);
  });
});

describe('component types', () => {
  test.each([
    ['/shop/src/cart.controller.ts', 'controller'],
    ['/shop/src/cart.controller.jsx', 'controller'],
    ['/shop/src/cart.ts', 'module'],
    ['/shop/worker.mjs', 'module'],
    ['/shop/src/index.html', 'template'],
    ['/shop/index.html', 'asset'],
    ['/shop/service-worker.js', 'asset'],
    ['/shop/src/cart.css', 'style'],
    ['/shop/src/cart.json', 'config'],
    ['/shop/logo.svg', 'asset'],
    ['/shop/LICENSE', 'asset'],
  ])('%s is a %s', (resource, type) => {
    expect(componentTypeOf(resource)).toBe(type);
  });
});
