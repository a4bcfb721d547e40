import { limits } from '@cd-push/protocol';
import { Type, type Static } from 'typebox';

const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$' });

export const syncModes = ['local', 'remote', 'hybrid'] as const;
export const syncTriggers = ['file-save', 'file-update', 'schema-change', 'cli', 'ai-agent'] as const;

const RelaySchema = Type.Union([
  Type.String({ pattern: '^https?://', description: 'URL of the api, which tells where its relay is' }),
  Type.Object(
    {
      apiUrl: Type.String({ pattern: '^https?://' }),
      relayUrl: Type.Optional(Type.String({ pattern: '^(https?|wss?)://' })),
    },
    { additionalProperties: false },
  ),
]);

const TargetSchema = Type.Union([
  Type.Object(
    {
      module: Type.Optional(Name),
      environment: Type.Optional(Name),
      labels: Type.Optional(
        Type.Record(Name, Type.String({ maxLength: 256 }), { maxProperties: limits.labels }),
      ),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
  Type.Object({ guid: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  Type.Object({ group: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  Type.Object({ user: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }),
]);

/** What `cd-push.config.ts` may hold; everything has a default. */
export const ProjectConfigSchema = Type.Object(
  {
    /** First segment of every resource; the name in package.json, or the folder's, by default. */
    module: Type.Optional(Name),
    /** Folder of the program's files, from the configuration file; its own folder by default. */
    root: Type.Optional(Type.String()),
    /** Where pushes apply: `development` by default. */
    environment: Type.Optional(Name),
    /** Whether `watch` pushes what is saved. True by default. */
    syncAtSave: Type.Optional(Type.Boolean()),
    /** Whether the people in front of the runtimes are shown nothing. False by default. */
    syncSilent: Type.Optional(Type.Boolean()),
    /** Whose runtimes are reached: those of the stack on this machine (default), of the configured relay, or both. */
    syncMode: Type.Optional(Type.Enum([...syncModes])),
    /** The trigger that `watch` sends: `file-save` by default. */
    syncTrigger: Type.Optional(Type.Enum([...syncTriggers])),
    /** Who gets the pushes: by default every runtime of the module in the environment. */
    targets: Type.Optional(Type.Array(TargetSchema, { minItems: 1, maxItems: 1000 })),
    /** Where the relays are; `local` is found by itself where `cd-cli up` runs. */
    relays: Type.Optional(
      Type.Object(
        { local: Type.Optional(RelaySchema), remote: Type.Optional(RelaySchema) },
        { additionalProperties: false },
      ),
    ),
    /** Files that count although `exclude` or `.cdpushignore` names them, in the words of a .gitignore. */
    include: Type.Optional(Type.Array(Type.String())),
    /** Files that are none of the program's, in the words of a .gitignore. */
    exclude: Type.Optional(Type.Array(Type.String())),
    /** Package whose `jsx-runtime` JSX compiles to. */
    jsxImportSource: Type.Optional(Type.String()),
    /** Compiles TypeScript's own decorators (`experimentalDecorators`). */
    legacyDecorators: Type.Optional(Type.Boolean()),
    /** Where `cd-cli up` keeps what it must remember; `.cd-push` beside the configuration file by default. */
    dataFolder: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type ProjectConfig = Static<typeof ProjectConfigSchema>;
export type SyncMode = (typeof syncModes)[number];
export type SyncTrigger = (typeof syncTriggers)[number];
export type ConfiguredTarget = Static<typeof TargetSchema>;
