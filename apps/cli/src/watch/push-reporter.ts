import type { PatchInput } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import type { Settings } from '../settings/load-settings.ts';
import { explainNobody } from '../sync/explain-nobody.ts';
import { PushLines } from '../sync/push-lines.ts';
import { problemJson, resultJson, trackJson } from '../sync/push-json.ts';
import { rememberPush } from '../sync/recent-pushes.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import type { LineAnswers, SyncPush } from '../sync/sync-push.ts';
import { verdictOf } from '../sync/verdict.ts';
import { explainProblem } from '../talk/explain.ts';
import { printJson } from '../talk/print-json.ts';
import type { Talk } from '../talk/talk.ts';
import { tellProblem } from '../talk/tell-problem.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';

export interface PushReporterOptions {
  readonly talk: Talk;
  readonly json: boolean;
  readonly names: RecipientNames;
  readonly settings: Settings;
  /** Whom the pushes are for, in words; undefined for every runtime of the module in the environment. */
  readonly towards: string | undefined;
}

/** Shows the pushes of `watch`: the latest one live, each with a line per recipient. */
export class PushReporter {
  readonly #context: CliContext;
  readonly #options: PushReporterOptions;
  readonly #closed = new AbortController();
  #latest: PushLines | undefined;
  /** Who was away at the last push: it is said once that they are. */
  #away: ReadonlySet<string> = new Set();
  #isNobodyTold = false;

  constructor(context: CliContext, options: PushReporterOptions) {
    this.#context = context;
    this.#options = options;
  }

  report(push: SyncPush, patches: readonly PatchInput[]): void {
    const { talk, names, json, settings } = this.#options;
    this.#latest?.giveWay();
    const what = describePatches(patches, settings.module);
    const lines = new PushLines(push, { talk, names, what, module: settings.module });
    this.#latest = lines;
    if (json) {
      const files = patches.map(({ resource, componentType, change }) => ({
        resource,
        componentType,
        change,
      }));
      printJson(this.#context, { type: 'push', pushGuid: push.pushGuid, patches: files });
    }
    void this.#follow(push, lines);
    void this.#tellAnswers(push, lines);
    rememberPush(this.#context.process.env, push.pushGuid);
  }

  /** A file that cannot be pushed as it is. */
  tellProblem(problem: PatchProblem): void {
    const { talk, json } = this.#options;
    const next = 'Nothing was sent for it; the version in place keeps running. Correct it and save again.';
    if (json) {
      const { kind: type, resource, line, column, detail, title, frame } = problem;
      printJson(this.#context, { type, resource, line, column, message: detail ?? title, frame, next });
    }
    tellProblem(talk, problem, next);
  }

  close(): void {
    this.#closed.abort();
    this.#latest?.close();
  }

  async #follow(push: SyncPush, lines: PushLines): Promise<void> {
    const { json, names } = this.#options;
    await push.follow((track) => {
      if (json)
        printJson(this.#context, { type: 'track', pushGuid: push.pushGuid, ...trackJson(track, names) });
      lines.show(track);
    }, this.#closed.signal);
    if (!json || push.tracks.length === 0) return;
    await names.learn(push.tracks.map(({ recipient }) => recipient));
    const { outcome } = verdictOf('completed', push.tracks, await push.answers);
    printJson(this.#context, resultJson(push, names, { outcome }));
  }

  async #tellAnswers(push: SyncPush, lines: PushLines): Promise<void> {
    const { names } = this.#options;
    const { accepted, refused } = await push.answers;
    this.#tellRefusals(push, { accepted, refused });
    if (accepted.length === 0) return;
    this.#isNobodyTold = false;
    // Whoever joined since is called by name.
    const recipients = accepted.flatMap(({ answer }) => answer.recipients);
    await names.learn(recipients);
    lines.tellAway(recipients, this.#away);
    this.#away = new Set(recipients.filter((recipient) => !recipient.includes('#')));
  }

  #tellRefusals(push: SyncPush, { accepted, refused }: LineAnswers): void {
    const { talk, json, settings, towards } = this.#options;
    for (const { line, problem } of refused) {
      const isNobody = problem.kind === 'no-recipients';
      const explained = isNobody ? explainNobody(settings, towards) : explainProblem(problem);
      if (json) {
        const { next } = explained;
        const told = { ...problemJson(problem), ...(next === undefined ? {} : { next }) };
        printJson(this.#context, { type: 'refused', pushGuid: push.pushGuid, relay: line, ...told });
      }
      // Where one relay of two knows no recipient, the other's recipients are the answer.
      if (isNobody && accepted.length > 0) continue;
      if (isNobody && this.#isNobodyTold) {
        talk.say(talk.paint('yellow', `${talk.pen.marks.ended} nobody    still no recipient`));
        continue;
      }
      this.#isNobodyTold ||= isNobody;
      const via = settings.syncMode === 'hybrid' ? ` (${line} relay)` : '';
      talk.say(`${talk.paint('red', `${talk.pen.marks.failed} refused`)}${via}   ${explained.sentence}`);
      if (explained.next !== undefined) talk.next(explained.next);
    }
  }
}

/** As `push` takes them: paths below the project's folder. */
const describePatches = (patches: readonly PatchInput[], module: string): string => {
  const named = patches.slice(0, 3).map(({ resource, change }) => {
    const path = resource.slice(module.length + 2);
    return change === 'put' ? path : `${path} (${change})`;
  });
  const more = patches.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
