// Fails the build when a room imports what the table in import-rules.mjs does not grant it, reaches
// into another package instead of importing its root, leaves its own package by a relative path,
// or when files or packages import each other in a circle.
//
// Usage: node scripts/check-imports.mjs [root of a workspace]
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';
import { anyRoom, ruleFor, testingRoom } from './import-rules.mjs';

const roomPatterns = ['packages/*', 'apps/*', 'examples/*', 'bench', 'faults', 'convergence'];
const sourcePattern = '**/*.{ts,tsx,mts,js,jsx,mjs}';
/** Output, foreign code, and test data that may be wrong on purpose. */
const ignoredFolders = new Set(['node_modules', 'dist', 'dist-test', 'coverage', '.turbo', 'fixtures']);
const testPattern = /(^|\/)test\/|\.test\.[a-z]+$/;
/** The one file outside its package that a room's configuration may name. */
const sharedConfiguration = 'vitest.shared.ts';

/** All violations in the workspace at `root`, one sentence each, in a fixed order. */
export function checkImports(root) {
  const rooms = findRooms(root);
  const byName = new Map(rooms.map((room) => [room.manifest.name, room]));
  const violations = [];
  const fileGraph = new Map();

  for (const room of rooms) {
    const rule = ruleFor(room.folder);
    if (!rule) {
      violations.push(`${room.folder}: has no row in scripts/import-rules.mjs`);
      continue;
    }
    violations.push(...checkManifest(room, rule, byName));
    for (const file of room.files) {
      const { imports, errors } = readImports(join(root, file));
      violations.push(...errors.map((message) => `${file}: cannot be parsed: ${message}`));
      const targets = new Set();
      fileGraph.set(file, targets);
      for (const found of imports) {
        const place = `${file}:${found.line}`;
        if (/^\.\.?(\/|$)/.test(found.specifier)) {
          const { target, violation } = checkRelative(root, room, file, found.specifier);
          if (violation) violations.push(`${place}: ${violation}`);
          if (target) targets.add(target);
        } else {
          const violation = checkBare(room, rule, file, found, byName);
          if (violation) violations.push(`${place}: ${violation}`);
        }
      }
    }
  }

  const packageGraph = new Map(rooms.map((room) => [room.folder, dependenciesOf(room, byName)]));
  for (const cycle of findCycles(packageGraph)) {
    violations.push(`packages depend on each other in a circle: ${cycle.join(' → ')}`);
  }
  for (const cycle of findCycles(fileGraph)) {
    violations.push(`files import each other in a circle: ${cycle.join(' → ')}`);
  }
  return violations;
}

function findRooms(root) {
  return roomPatterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((folder) => folder.split(sep).join('/'))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted()
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
      files: globSync(sourcePattern, {
        cwd: join(root, folder),
        exclude: (path) => ignoredFolders.has(path.split(sep).at(-1)),
      })
        .map((path) => `${folder}/${path.split(sep).join('/')}`)
        .toSorted(),
    }));
}

/** Every module that a file names, with the line and whether only its types are used. */
function readImports(path) {
  const source = readFileSync(path, 'utf8');
  const { program, errors } = parseSync(path, source);
  const imports = [];
  const add = (literal, typesOnly) => {
    if (typeof literal?.value !== 'string') return; // computed at run time: nothing to check
    imports.push({
      specifier: literal.value,
      line: source.slice(0, literal.start).split('\n').length,
      typesOnly,
    });
  };
  const onlyTypes = (node, kind) =>
    node[kind] === 'type' ||
    (node.specifiers?.length > 0 && node.specifiers.every((s) => s[kind] === 'type'));
  new Visitor({
    ImportDeclaration: (node) => add(node.source, onlyTypes(node, 'importKind')),
    ExportNamedDeclaration: (node) => add(node.source, onlyTypes(node, 'exportKind')),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source, false),
    TSImportType: (node) => add(node.source, true),
  }).visit(program);
  return { imports, errors: errors.map((error) => error.message) };
}

function checkRelative(root, room, file, specifier) {
  const absolute = resolve(root, dirname(file), specifier.replace(/[?#].*$/, ''));
  const target = relative(root, absolute).split(sep).join('/');
  if (!target.startsWith(`${room.folder}/`) && target !== room.folder) {
    if (target === sharedConfiguration && file.endsWith('.config.ts')) return {};
    return { violation: `leaves its package by '${specifier}'` };
  }
  const isFile = existsSync(absolute) && statSync(absolute).isFile();
  return isFile ? { target } : {};
}

function checkBare(room, rule, file, { specifier, typesOnly }, byName) {
  // An alias of the package's own "imports"; checkManifest sees where it leads.
  if (specifier.startsWith('#')) return undefined;
  const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const isTest = testPattern.test(file);
  const isShipped = !isTest && file.startsWith(`${room.folder}/src/`);
  const target = byName.get(packageName);

  if (target) {
    // By its own name a package reaches what it exports, which Node sees to.
    if (target.folder === room.folder) return undefined;
    if (specifier !== packageName) return `reaches into another package: '${specifier}'`;
    const granted = grantOf(room, rule, target.folder, isTest);
    if (granted === undefined) return `${room.folder} may not import ${target.folder}`;
    if (granted === 'types' && !typesOnly && !isTest)
      return `only types may be imported from ${target.folder}`;
    return undefined;
  }
  if (!isShipped) return undefined;
  if (isBuiltin(specifier)) {
    const isNeutral = rule.neutral && !rule.nodeOnly?.some((path) => file === `${room.folder}/${path}`);
    return isNeutral ? `runs in browsers too and may not import '${specifier}'` : undefined;
  }
  return rule.libraries && !rule.libraries.includes(packageName)
    ? `of libraries, ${room.folder} may import ${rule.libraries.join(', ')} alone, not '${packageName}'`
    : undefined;
}

/** 'all', 'types' or undefined: what `room` may take from the room in `folder`. */
function grantOf(room, rule, folder, isTest) {
  if (folder === room.folder) return 'all'; // a test may import its own package by name
  if (folder === testingRoom) return isTest ? 'all' : undefined;
  return (isTest ? rule.tests?.[folder] : undefined) ?? rule.rooms[folder] ?? rule.rooms[anyRoom];
}

function checkManifest(room, rule, byName) {
  const {
    dependencies = {},
    peerDependencies = {},
    optionalDependencies = {},
    devDependencies = {},
  } = room.manifest;
  const shipped = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
  const violations = [];
  for (const name of new Set([...shipped, ...Object.keys(devDependencies)])) {
    const target = byName.get(name);
    const isShipped = shipped.includes(name);
    if (target && grantOf(room, rule, target.folder, !isShipped) === undefined) {
      violations.push(`${room.folder}/package.json: may not depend on ${target.folder}`);
    }
    if (!target && isShipped && rule.libraries && !rule.libraries.includes(name)) {
      violations.push(
        `${room.folder}/package.json: may depend on ${rule.libraries.join(', ')} alone, not '${name}'`,
      );
    }
  }
  for (const leadsTo of leaves(room.manifest.imports ?? {})) {
    if (!leadsTo.startsWith('./')) {
      violations.push(`${room.folder}/package.json: an alias in "imports" leads outside: '${leadsTo}'`);
    }
  }
  return violations;
}

/** The strings in a nest of conditions, as package.json has them in "imports". */
function leaves(value) {
  if (typeof value === 'string') return [value];
  return Object.values(value ?? {}).flatMap(leaves);
}

/** Development dependencies count too: the build orders packages by them. */
function dependenciesOf(room, byName) {
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = room.manifest;
  const names = Object.keys({
    ...dependencies,
    ...peerDependencies,
    ...optionalDependencies,
    ...devDependencies,
  });
  return new Set(names.flatMap((name) => byName.get(name)?.folder ?? []));
}

/** One circle for each place where a depth-first walk meets a node that it has not left yet. */
function findCycles(graph) {
  const cycles = [];
  const finished = new Set();
  const path = [];
  const walk = (node) => {
    if (finished.has(node)) return;
    const start = path.indexOf(node);
    if (start >= 0) {
      cycles.push([...path.slice(start), node]);
      return;
    }
    path.push(node);
    for (const next of [...(graph.get(node) ?? [])].toSorted()) walk(next);
    path.pop();
    finished.add(node);
  };
  for (const node of [...graph.keys()].toSorted()) walk(node);
  return cycles;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = checkImports(resolve(process.argv[2] ?? join(import.meta.dirname, '..')));
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) {
    console.error(`\n${violations.length} violation(s) of the import rules (scripts/import-rules.mjs)`);
    process.exitCode = 1;
  }
}
