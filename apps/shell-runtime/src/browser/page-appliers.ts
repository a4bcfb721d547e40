import type { Appliers } from '../components/applicable.ts';
import type { Assets } from '../components/assets.ts';
import type { Code } from '../components/code.ts';
import type { Component, Staged } from '../components/component.ts';
import type { Configs } from '../components/config.ts';
import type { Styles } from '../components/styles.ts';
import type { Templates } from '../components/templates.ts';
import type { Change } from '../line/push.ts';

export interface PageComponents {
  /** Loaded with the first asset that is pushed, or was. */
  readonly assets: () => Promise<Assets>;
  readonly styles: Styles;
  readonly templates: Templates;
  readonly configs: Configs;
  readonly code: Code;
}

/**
 * What a page can take in, in this order: assets first, since everything else may refer to them, and code last, since it
 * finds the rest in place and takes itself back.
 */
export const pageAppliers = (components: PageComponents): Appliers => ({
  stage: async (changes) => {
    const { assets, styles, templates, configs, code } = components;
    const ofType = (type: string): readonly Change[] =>
      changes.filter(({ head }) => head.componentType === type);
    const parts: Staged[] = [];
    const stage = async (component: Component, concerned: readonly Change[]): Promise<void> => {
      if (concerned.length > 0) parts.push(await component.stage(concerned));
    };
    const pushedAssets = ofType('asset');
    if (pushedAssets.length > 0) await stage(await assets(), pushedAssets);
    await stage(styles, ofType('style'));
    await stage(templates, ofType('template'));
    await stage(configs, ofType('config'));
    await stage(
      code,
      changes.filter((change) => code.concerns(change)),
    );
    return parts;
  },
});
