import { changes, prepare, type Change } from './changes.ts';
import type { Page } from './page.ts';
import type { PushReport } from './report.ts';
import { readState } from './service.ts';
import type { SettledPush, Stack } from './stack.ts';

/** Whom page and service greet. */
export const visitor = 'Ada';

/** Saves one change of each kind, one after the other, and gives what came of each. */
export async function* saveEach(
  stack: Stack,
  page: Page,
): AsyncGenerator<{ report: PushReport; file: string }> {
  for (const change of changes) yield { report: await saveOne(stack, page, change), file: change.file };
}

/**
 * Saves one change and follows it. `saveToAppliedMs` runs from just before the file is written until the page shows the
 * change, as the page itself sees it (see `Page.watch`); nothing of cd-push takes part in the measuring.
 */
const saveOne = async (stack: Stack, page: Page, change: Change): Promise<PushReport> => {
  const { componentType, file } = change;
  const look = async (): Promise<{ browser: string; node: string }> => ({
    browser: shown(await page.read(change.inPage), `the page shows nothing of ${file}`),
    node: shown(
      change.inService(await readState(stack.serviceUrl, visitor)),
      `the service shows nothing of ${file}`,
    ),
  });

  const before = await look();
  const save = await prepare(stack.project, change);
  const appliedAt = await page.watch(change.inPage);
  const savedAt = performance.now();
  await save();
  const { pushGuid, commTrack, recipients } = await stack.settledPush();
  requireBoth(recipients, file);
  const late = AbortSignal.timeout(appliedWithinMs);
  const shownAt = await within(appliedAt(), late, `the page does not show the change of ${file}`);
  const after = await look();

  return {
    pushGuid,
    componentType,
    saveToAppliedMs: Math.round((shownAt - savedAt) * 10) / 10,
    commTrack,
    recipients: recipients.map(({ recipient, kind, stage, commTrack: track }) => {
      const observed = { before: before[kind], after: after[kind] };
      if (observed.before === observed.after)
        throw new Error(`${file} changed nothing in the ${kind} recipient.`);
      return { target: recipient, kind, stage, commTrack: track, observed };
    }),
  };
};

/** Throws unless the page and the service, and nobody else, took the change in. */
const requireBoth = (recipients: SettledPush['recipients'], file: string): void => {
  const kinds = recipients.map(({ kind }) => kind).toSorted();
  if (kinds.join() !== 'browser,node') throw new Error(`${file} went to ${kinds.join(' and ') || 'nobody'}.`);
  for (const { kind, stage, problem } of recipients) {
    if (stage === 'completed') continue;
    throw new Error(`${file} ended as ${stage} in the ${kind} recipient. ${problem?.detail ?? ''}`);
  }
};

const appliedWithinMs = 30_000;

const shown = (text: string | undefined, fault: string): string => {
  if (text === undefined) throw new Error(`Unexpected: ${fault}.`);
  return text;
};

const within = <Value>(value: Promise<Value>, signal: AbortSignal, fault: string): Promise<Value> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`Too late: ${fault}.`)), { once: true });
    value.then(resolve, reject);
  });
