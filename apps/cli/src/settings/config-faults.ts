import { Errors } from 'typebox/value';

import { ProjectConfigSchema, syncModes, syncTriggers, type ProjectConfig } from './project-config.ts';

/** What is wrong with a configuration, and what would be right. */
export interface ConfigFault {
  readonly sentence: string;
  readonly next: string;
}

const name = 'It is a name of letters, digits and . _ @ -, such as shop.';
const yesOrNo = 'It is true or false.';
const patterns = "It is a list of patterns as in a .gitignore, such as ['drafts/'].";
const oneOf = (values: readonly string[]): string =>
  `It is one of ${values.map((value) => `'${value}'`).join(', ')}.`;

/** Every setting in words. */
const expected: Readonly<Record<keyof ProjectConfig, string>> = {
  module: name,
  root: 'It is a folder, from the configuration file.',
  environment: name,
  syncAtSave: yesOrNo,
  syncSilent: yesOrNo,
  syncMode: oneOf(syncModes),
  syncTrigger: oneOf(syncTriggers),
  targets:
    "It is a list of one or more of { labels: { floor: '3' } }, { module: 'shop' }, { environment: 'staging' }, { group: 'tills' }, { guid: '…' } and { user: 1 }.",
  relays:
    "It is { remote: 'https://api.example' }, or with both addresses { remote: { apiUrl: 'https://…', relayUrl: 'https://…' } }; local is written likewise.",
  include: patterns,
  exclude: patterns,
  jsxImportSource: "It is the name of a package, such as 'preact'.",
  legacyDecorators: yesOrNo,
  dataFolder: 'It is a folder, from the configuration file.',
};

/** The first thing that is wrong with a value that is no configuration. */
export const configFault = (config: unknown): ConfigFault => {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return {
      sentence: `the configuration is ${shown(config)}, and no object`,
      next: 'Write `export default defineConfig({ … })`.',
    };
  const names = Object.keys(expected);
  const unknown = Object.keys(config).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    const near = nearest(unknown, names);
    return {
      sentence: `there is no setting "${unknown}"`,
      next: `${near === undefined ? '' : `Did you mean ${near}? `}Known settings: ${names.join(', ')}.`,
    };
  }
  const places = Errors(ProjectConfigSchema, config).map(({ instancePath }) =>
    instancePath.slice(1).split('/'),
  );
  const setting = isSetting(places[0]?.[0]) ? places[0][0] : 'module';
  const value: unknown = Object.entries(config).find(([key]) => key === setting)?.[1];
  return { sentence: `${setting} is ${shown(value)}`, next: expected[setting] };
};

const isSetting = (text: string | undefined): text is keyof ProjectConfig =>
  text !== undefined && Object.hasOwn(expected, text);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

/** Below this share of letter pairs in common two words have nothing to do with each other. */
const likeness = 0.5;

/** The word that has most pairs of letters in common with a mistyped one. */
const nearest = (typed: string, words: readonly string[]): string | undefined => {
  const pairs = (word: string): Set<string> =>
    new Set(Array.from(word.toLowerCase(), (letter, index) => letter + word.charAt(index + 1).toLowerCase()));
  const wanted = pairs(typed);
  const [best] = words
    .map((word) => {
      const own = pairs(word);
      return {
        word,
        like: (2 * [...wanted].filter((pair) => own.has(pair)).length) / (wanted.size + own.size),
      };
    })
    .toSorted((a, b) => b.like - a.like);
  return best !== undefined && best.like >= likeness ? best.word : undefined;
};
