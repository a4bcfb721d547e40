/** Kept apart from the settings' own lists, so that help does not load a schema library; a test holds them together. */
export const modes = ['local', 'remote', 'hybrid'] as const;
export const triggers = ['file-save', 'file-update', 'schema-change', 'cli', 'ai-agent'] as const;
const stages = ['relayed', 'delivered', 'completed'] as const;

/** A time as people write it: `30` and `30s` are seconds, `500ms` and `2m` what they say. In milliseconds. */
export const duration = (text: string): number => {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/u.exec(text) ?? [];
  const factor = { ms: 1, s: 1000, m: 60_000 }[unit];
  const milliseconds = amount === undefined || factor === undefined ? 0 : Number(amount) * factor;
  // Longer than this a timer fires at once (its count is 31 bits).
  if (milliseconds <= 0 || milliseconds > 2 ** 31 - 1)
    throw new SyntaxError(`"${text}" is no time; write 30, 30s, 500ms or 2m`);
  return Math.round(milliseconds);
};

/** A whole number within bounds. */
export const count =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d+$/u.test(value) && number >= least && number <= most) return number;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new SyntaxError(`"${value}" is no number ${bounds}`);
  };

const text = (value: string): string => value;

/** The name of a resource, or of a folder of them. */
const resourcePrefix = (value: string): string => {
  if (!value.startsWith('/'))
    throw new SyntaxError(`"${value}" is no resource; write /module/path, such as /shop/src/cart.ts`);
  return value;
};

/** An address of an api or a relay. */
export const httpUrl = (value: string): string => {
  if (!/^https?:\/\/[^/]/u.test(value)) throw new SyntaxError(`"${value}" is no http or https address`);
  return value.replace(/\/+$/u, '');
};

export const entryFlag = {
  kind: 'parsed',
  parse: text,
  brief: 'File that the page’s runtime starts with (src/main.ts)',
  optional: true,
  placeholder: 'file',
} as const;

export const acceptEditsFlag = {
  kind: 'boolean',
  brief: 'While watching: write what others push, and what is edited in pages, into the files here',
  optional: true,
  withNegated: false,
} as const;

/** The project that a command is about, where it is not the one that the shell stands in. */
export const projectFolder = {
  kind: 'tuple',
  parameters: [{ parse: text, brief: 'The project’s folder', placeholder: 'folder', optional: true }],
} as const;

/** The push that a command is about. */
export const pushArgument = {
  kind: 'tuple',
  parameters: [
    { parse: text, brief: 'Guid of the push, or the beginning that was shown of it', placeholder: 'guid' },
  ],
} as const;

/** The file that a command is about. */
export const fileArgument = {
  kind: 'tuple',
  parameters: [
    {
      parse: text,
      brief: 'A file: its path, or its name as a resource, there or deleted',
      placeholder: 'file',
    },
  ],
} as const;

export const jsonFlag = {
  json: {
    kind: 'boolean',
    brief: 'Data on stdout as JSON, one value a line; talk stays on stderr',
    default: false,
    withNegated: false,
  },
} as const;

/** Where a command goes. */
export const placeFlags = {
  environment: {
    kind: 'parsed',
    parse: text,
    brief: 'Environment instead of the configured one',
    optional: true,
    placeholder: 'name',
  },
  mode: {
    kind: 'enum',
    values: modes,
    brief: 'Whose runtimes: of the stack here, of the configured relay, or both',
    optional: true,
  },
  data: {
    kind: 'parsed',
    parse: text,
    brief: 'Data folder of the stack here',
    optional: true,
    placeholder: 'folder',
  },
} as const;

/** To whom something goes. */
export const addressFlags = {
  target: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    brief: 'Only this runtime, as "targets" shows it: by guid, name or #instance (again for more)',
    placeholder: 'runtime',
  },
  group: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    brief: 'Only this group (again for more)',
    placeholder: 'name',
  },
  label: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    brief: 'Only runtimes with this label (again for more)',
    placeholder: 'name=value',
  },
} as const;

/** Which pushes, of those that the session may see. */
export const observedFlags = {
  resource: {
    kind: 'parsed',
    parse: resourcePrefix,
    brief: 'Only those of this file, or of files below this folder: /shop/src',
    optional: true,
    placeholder: 'name',
  },
  target: {
    kind: 'parsed',
    parse: text,
    brief: 'Only those to this runtime, as "targets" shows it',
    optional: true,
    placeholder: 'runtime',
  },
} as const;

/** How long a command stays with what it sent. */
export const waitFlags = {
  wait: { kind: 'enum', values: stages, brief: 'Stage to wait for at every recipient', default: 'completed' },
  timeout: {
    kind: 'parsed',
    parse: duration,
    brief: 'How long to wait: 30, 30s, 500ms, 2m',
    default: '30s',
    placeholder: 'time',
  },
  silent: { kind: 'boolean', brief: 'Show nothing to the people in front of the runtimes', optional: true },
} as const;

export const proposeFlag = {
  propose: {
    kind: 'boolean',
    brief: 'Put it before others, who approve of it ("proposals", "approve"); nothing of it runs before',
    default: false,
    withNegated: false,
  },
} as const;

/** The exit codes as help tells them. */
export const exitCodeHelp = [
  'Exit codes: 0 ok, 1 error, 2 usage, 3 partial (at some recipient it failed, expired or was superseded), 4 timeout, 5 authentication, 6 conflict.',
].join('\n');

/** What waiting means where somebody is not there. */
export const awayHelp =
  'A runtime that is away gets it when it returns, and is waited for like the others: it may be a page that is just being reloaded. When the time ends first, the exit code is 4, and who was away is said; what was accepted goes on. To wait for nobody: --wait=relayed. One that will not return is removed: cd-cli targets remove.';
