import { setTimeout as delay } from 'node:timers/promises';

import type { PatchInput } from '@cd-push/client';
import type { Problem } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { Settings } from '../settings/load-settings.ts';
import { explainConflict, type ExplainedRefusal } from '../sync/explain-conflict.ts';
import { explainNobody } from '../sync/explain-nobody.ts';
import type { Line, LineName } from '../sync/line.ts';
import { PushLines } from '../sync/push-lines.ts';
import { resultJson, trackJson } from '../sync/push-json.ts';
import { rememberPush } from '../sync/recent-pushes.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import type { FollowedPush, LineAnswers } from '../sync/followed-push.ts';
import { verdictOf } from '../sync/verdict.ts';
import { explainProblem } from '../talk/explain.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import type { Talk } from '../talk/talk.ts';
import { tellProblem } from '../talk/tell-problem.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';

/** A runtime that is there is sent to at once; after this it is asked whether a policy holds it. */
const unsentForMs = 300;

export interface PushReporterOptions {
  readonly talk: Talk;
  readonly json: boolean;
  readonly names: RecipientNames;
  readonly settings: Settings;
  /** The relays through which it is pushed. */
  readonly lines: readonly Line[];
  /** Whom the pushes are for, in words; undefined for every runtime of the module in the environment. */
  readonly towards: string | undefined;
}

/** Shows the pushes of `watch`: the latest one live, each with a line per recipient. */
export class PushReporter {
  readonly #context: CliContext;
  readonly #options: PushReporterOptions;
  readonly #closed = new AbortController();
  #latest: PushLines | undefined;
  /** Who got nothing at the last push: it is said once that they are away, or held. */
  #away: ReadonlySet<string> = new Set();
  #isNobodyTold = false;

  constructor(context: CliContext, options: PushReporterOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** @param isMerged whether what was refused so is merged and pushed again; that is not told here. */
  report(
    push: FollowedPush,
    patches: readonly PatchInput[],
    isMerged: (problem: Problem) => boolean = () => false,
  ): void {
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
    void this.#tellAnswers(push, lines, isMerged);
    rememberPush(this.#context.process.env, push.pushGuid);
  }

  /** A file that cannot be pushed as it is. */
  tellProblem(problem: PatchProblem): void {
    const { talk, json } = this.#options;
    const next = 'Nothing was sent for it; the version in place keeps running. Correct it and save again.';
    if (json) {
      const { kind: type, resource, line, column, detail, title, frame } = problem;
      printJson(this.#context, {
        type,
        resource,
        line,
        column,
        message: detail ?? title,
        frame,
        ...nextJson(next),
      });
    }
    tellProblem(talk, problem, next);
  }

  close(): void {
    this.#closed.abort();
    this.#latest?.close();
  }

  async #follow(push: FollowedPush, lines: PushLines): Promise<void> {
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

  async #tellAnswers(
    push: FollowedPush,
    lines: PushLines,
    isMerged: (problem: Problem) => boolean,
  ): Promise<void> {
    const { names } = this.#options;
    const answers = await push.answers;
    const { accepted } = answers;
    await this.#tellRefusals(push, {
      ...answers,
      refused: answers.refused.filter(({ problem }) => !isMerged(problem)),
    });
    if (accepted.length === 0) return;
    this.#isNobodyTold = false;
    // Whoever joined since is called by name.
    const recipients = accepted.flatMap(({ recipients: of }) => of);
    // Whether a policy still holds those that it held, only their relay can tell.
    if (recipients.some((recipient) => names.isHeld(recipient))) await names.load();
    else await names.learn(recipients);
    this.#tellUnsent(recipients, lines);
    await this.#tellHeld(push, recipients, lines);
  }

  /** A policy that was set since names were asked for shows by nothing being sent to whoever is there. */
  async #tellHeld(push: FollowedPush, recipients: readonly string[], lines: PushLines): Promise<void> {
    const { names } = this.#options;
    await delay(unsentForMs, undefined, { signal: this.#closed.signal, ref: false }).catch(() => undefined);
    const isUnsent = push.tracks.some(
      ({ recipient, state }) => recipient.includes('#') && state.stage === 'relayed',
    );
    if (!isUnsent || this.#closed.signal.aborted) return;
    await names.load();
    if (this.#latest === lines && !this.#closed.signal.aborted) this.#tellUnsent(recipients, lines);
  }

  #explain(name: LineName, problem: Problem): Promise<ExplainedRefusal> {
    const { lines, settings } = this.#options;
    const line = lines.find((one) => one.name === name);
    return line === undefined
      ? Promise.resolve(explainProblem(problem))
      : explainConflict(line, settings.environment, problem);
  }

  #tellUnsent(recipients: readonly string[], lines: PushLines): void {
    const { names, talk } = this.#options;
    lines.tellAway(recipients, this.#away);
    this.#away = new Set(
      recipients.filter((recipient) => !recipient.includes('#') || names.isHeld(recipient)),
    );
    talk.screen.refresh();
  }

  async #tellRefusals(push: FollowedPush, { accepted, refused }: LineAnswers): Promise<void> {
    const { talk, json, settings, towards } = this.#options;
    for (const { line, problem } of refused) {
      const isNobody = problem.kind === 'no-recipients';
      const explained = isNobody ? explainNobody(settings, towards) : await this.#explain(line, problem);
      if (this.#closed.signal.aborted) return;
      if (json) {
        const told = { problem, ...nextJson(explained.next) };
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
