import { CommTrackSchema, FileVersionSchema, RecipientTrackSchema, type CommTrack } from '@cd-push/protocol';
import { Type, type Static } from 'typebox';

import { changes, prepare, type Change } from './changes.ts';
import { visitor } from './once.ts';
import type { Page } from './page.ts';
import { readState } from './service.ts';
import { lineOf, type Stack } from './stack.ts';

/** What `cd-cli rollback --json` says at its end, and `cd-cli track --json`. */
const Result = Type.Object({
  type: Type.Literal('result'),
  outcome: Type.String(),
  pushGuid: Type.String(),
  commTrack: CommTrackSchema,
});
const Verified = Type.Object({ type: Type.Literal('verified'), overtaken: Type.Array(Type.String()) });
const Tracked = Type.Object({
  type: Type.Literal('push'),
  outcome: Type.String(),
  recipients: Type.Array(
    Type.Object({
      kind: Type.Enum(['browser', 'node']),
      stage: RecipientTrackSchema.properties.stage,
    }),
  ),
});
const { version, restores, inPlace } = FileVersionSchema.properties;
const Version = Type.Object({
  type: Type.Literal('version'),
  name: Type.String(),
  version,
  restores,
  inPlace,
});

/** What a reader of the demo learns of a rollback. */
export interface RollbackReport {
  readonly pushGuid: string;
  /** From just before `cd-cli rollback` was started until the page showed the old version. */
  readonly commandToAppliedMs: number;
  /** From its push being signed until then. */
  readonly signedToAppliedMs: number;
  readonly commTrack: CommTrack;
  readonly recipients: Tracked['recipients'];
  /** What the button says, in the page and at the service. */
  readonly observed: Readonly<
    Record<'good' | 'bad' | 'after', { readonly browser: string; readonly node: string }>
  >;
  /** What the page holds besides: how far somebody has counted, and their name. */
  readonly state: { readonly before: string; readonly after: string };
  /** The latest first. */
  readonly versions: readonly {
    readonly name: string;
    readonly inPlace: boolean;
    readonly restores: string | null;
  }[];
}
type Tracked = Static<typeof Tracked>;

const file = 'src/counter.controller.ts';

/** Saves a controller that does what it should, then one that does not, takes that back, and looks what became of it. */
export const rollBack = async (stack: Stack, page: Page): Promise<RollbackReport> => {
  const { inPage, inService, edit } = controller();
  const look = async (): Promise<{ browser: string; node: string }> => ({
    browser: (await page.read(inPage)) ?? '',
    node: inService(await readState(stack.serviceUrl, visitor)) ?? '',
  });
  const saveAs = async (change: Pick<Change, 'edit'>): Promise<void> => {
    const save = await prepare(stack.project, { file, ...change });
    await save();
    const { recipients } = await stack.settledPush();
    const open = recipients.find(({ stage }) => stage !== 'completed');
    if (open !== undefined) throw new Error(`The save ended as ${open.stage} in the ${open.kind} recipient.`);
  };

  await saveAs({ edit });
  const good = await look();
  await saveAs({ edit: [edit[1], 'const step = Number("five");'] });
  const [bad, before] = [await look(), await page.read(stateInPage)];

  const appliedAt = await page.watch(inPage);
  const startedAt = performance.now();
  const lines = await stack.ask(['rollback', file, '--yes', '--json']);
  const shownAt = await appliedAt();
  const result = oneOf(lines.map(lineOf(Result)), 'how the rollback ended');
  oneOf(lines.map(lineOf(Verified)), 'whether it is in place');
  const { initTime } = result.commTrack;
  const tracked = await stack.ask(['track', result.pushGuid, '--json']);
  const versions = await stack.ask(['history', file, '--json']);

  return {
    pushGuid: result.pushGuid,
    commandToAppliedMs: rounded(shownAt - startedAt),
    signedToAppliedMs: rounded(performance.timeOrigin + shownAt - (initTime ?? Number.NaN)),
    commTrack: result.commTrack,
    recipients: oneOf(tracked.map(lineOf(Tracked)), 'where it stands').recipients,
    observed: { good, bad, after: await look() },
    state: { before: before ?? '', after: (await page.read(stateInPage)) ?? '' },
    versions: namedVersions(versions.map(lineOf(Version)).filter((one) => one !== undefined)),
  };
};

/** Versions say by their names which ones they bring back. */
const namedVersions = (versions: readonly Static<typeof Version>[]): RollbackReport['versions'] =>
  versions.map(({ name, inPlace: isInPlace, restores: restored }) => ({
    name,
    inPlace: isInPlace,
    restores: versions.find((one) => one.version === restored)?.name ?? null,
  }));

/** A few lines for people. */
export const rollbackAsText = (report: RollbackReport): string => {
  const { observed, state, versions, recipients, commandToAppliedMs, signedToAppliedMs } = report;
  const shown = ({ browser, node }: { browser: string; node: string }): string =>
    `page ${browser.padEnd(8)}service ${node}`;
  return [
    `good       ${shown(observed.good)}`,
    `bad        ${shown(observed.bad)}`,
    `after      ${shown(observed.after)}   cd-cli rollback ${file} --yes`,
    '',
    `${commandToAppliedMs.toFixed(1).padStart(9)} ms from the command to the page, ${signedToAppliedMs.toFixed(1)} ms of them from its push being signed`,
    `state      ${state.before} → ${state.after}`,
    `track      ${recipients.map(({ kind, stage }) => `${kind} ${stage}`).join(', ')}`,
    `versions   ${versions.map(({ name, restores: restored }) => (restored === null ? name : `${name}: back to ${restored}`)).join(', ')}`,
    '',
  ].join('\n');
};

const controller = (): Change => {
  const found = changes.find((change) => change.file === file);
  if (found === undefined) throw new TypeError(`There is no change of ${file}.`);
  return found;
};

const stateInPage = (): string | undefined => {
  const count = document.querySelector('[data-count]')?.textContent;
  const name = document.querySelector<HTMLInputElement>('input[name=visitor]')?.value;
  return `${name} at ${count}`;
};

const oneOf = <Value>(values: readonly (Value | undefined)[], what: string): Value => {
  const found = values.find((value) => value !== undefined);
  if (found === undefined) throw new Error(`Nothing was said of ${what}.`);
  return found;
};

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
