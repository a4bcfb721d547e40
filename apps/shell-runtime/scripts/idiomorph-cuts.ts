/**
 * What a page does without of Idiomorph: its only user here, `src/components/template-host.ts`, morphs the children of an
 * element into an array of nodes, and none of them is a document's head, which stands in no template.
 */
import type { Plugin } from 'rolldown';

import { changed, settled, without } from './cuts.ts';

export const idiomorphCuts: Plugin = changed(
  'only-children',
  /\/idiomorph\/dist\/idiomorph\.esm\.js$/u,
  (code) => {
    let cut = without(code, 'const defaults = {', 'function morph(');
    cut = without(
      cut,
      'const oldElt = normalizeElement(oldNode);',
      'const newNode =',
      'const oldElt = oldNode;\n',
    );
    cut = without(cut, 'return withHeadBlocking(', 'const morphedNodes =');
    cut = without(cut, 'return morphedNodes;', 'function saveAndRestoreFocus', '}\n');
    // Heads.
    cut = without(
      cut,
      'if (is.headElement(oldNode) && ctx.head.style === "none")',
      'morphAttributes(oldNode,',
      '{\n',
    );
    cut = without(cut, 'function withHeadBlocking', 'const createMorphContext = ');
    // Options that nobody gives, and the defaults of what nobody leaves out.
    cut = without(cut, 'const mergedConfig = mergeDefaults(config);', 'const doc = ');
    cut = without(cut, 'config: mergedConfig,', 'idMap: idMap,');
    cut = without(cut, 'callbacks: mergedConfig.callbacks,', '};', callbacks);
    cut = without(cut, 'function mergeDefaults(config) {', 'function createPantry(');
    cut = without(cut, 'const { normalizeElement, normalizeParent }', 'const is = ', normalizeParent);
    cut = without(cut, 'node: (value) =>', 'templateElement:');
    cut = without(cut, 'headElement: (value) =>', 'inputElement:');
    return settled(cut, {
      'ctx.morphStyle === "innerHTML"': 'true',
      'if (!ctx.config.restoreFocus) return fn();': '',
      'newContent.__idiomorphRoot || newContent': 'newContent',
      'ctx.ignoreActiveValue': 'false',
      'ctx.ignoreActive &&': 'false &&',
      'morph,\n    defaults,': 'morph,',
    });
  },
);

const callbacks = 'callbacks: { afterNodeRemoved: noOp, ...config.callbacks },\n';

const normalizeParent = `const normalizeParent = (nodes) => {
  const parent = document.createElement("div");
  parent.append(...nodes);
  return parent;
};\n`;
