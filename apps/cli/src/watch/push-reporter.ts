import type { PatchInput } from '@cd-push/client';
import { deriveProgress, epochMs, isSettled } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { describeTrack } from '../sync/describe-track.ts';
import { resultJson, trackJson } from '../sync/push-json.ts';
import type { RecipientNames } from '../sync/recipient-names.ts';
import type { LineTrack, SyncPush } from '../sync/sync-push.ts';
import { explainProblem } from '../talk/explain.ts';
import { LiveLines } from '../talk/live-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { printable } from '../talk/printable.ts';
import { Talk } from '../talk/talk.ts';

/** Shows the pushes of `watch`: the latest one live, each with a line per recipient. */
export class PushReporter {
  readonly #context: CliContext;
  readonly #talk: Talk;
  readonly #json: boolean;
  readonly #names: RecipientNames;
  readonly #closed = new AbortController();
  #live: { readonly push: SyncPush; readonly lines: LiveLines } | undefined;

  constructor(
    context: CliContext,
    { json, names }: { readonly json: boolean; readonly names: RecipientNames },
  ) {
    this.#context = context;
    this.#talk = new Talk(context);
    this.#json = json;
    this.#names = names;
  }

  report(push: SyncPush, patches: readonly PatchInput[]): void {
    this.#live?.lines.done();
    this.#live = undefined;
    const what = describePatches(patches);
    this.#talk.say(`${this.#talk.paint('bold', '→')} ${what}`);
    const lines = new LiveLines(this.#context);
    this.#live = { push, lines };
    if (this.#json) {
      const files = patches.map(({ resource, componentType, change }) => ({
        resource,
        componentType,
        change,
      }));
      printJson(this.#context, { type: 'push', pushGuid: push.pushGuid, patches: files });
    }
    void this.#follow(push, lines);
    void this.#tellRefusal(push);
  }

  close(): void {
    this.#closed.abort();
    this.#live?.lines.done();
  }

  async #follow(push: SyncPush, lines: LiveLines): Promise<void> {
    await push.follow((track) => this.#show(push, lines, track), this.#closed.signal);
    if (!this.#json || push.tracks.length === 0) return;
    await this.#names.learn(push.tracks.map(({ recipient }) => recipient));
    const { outcome } = deriveProgress(
      epochMs(push.initTime),
      push.tracks.map(({ state }) => state),
    );
    printJson(this.#context, resultJson(push, this.#names, { outcome }));
  }

  #show(push: SyncPush, lines: LiveLines, track: LineTrack): void {
    const { recipient, state } = track;
    if (this.#json) {
      printJson(this.#context, { type: 'track', pushGuid: push.pushGuid, ...trackJson(track, this.#names) });
    }
    const text = describeTrack(this.#talk, track, this.#names, push.initTime);
    // Lines that have scrolled away are not touched any more; how an earlier push ends is told on a line of its own.
    if (this.#live?.push === push && lines.isLive) lines.set(recipient, text);
    else if (isSettled(state)) this.#talk.say(`  ${text}`);
    if (state.stage === 'failed' && state.problem.stack !== undefined) {
      this.#live?.lines.done();
      this.#talk.say(this.#talk.paint('dim', printable(state.problem.stack)));
    }
  }

  async #tellRefusal(push: SyncPush): Promise<void> {
    const { accepted, refused } = await push.answers;
    // Whoever joined since is called by name from the next push on.
    void this.#names.learn(accepted.flatMap(({ answer }) => answer.recipients));
    for (const { line, problem } of refused) {
      this.#live?.lines.done();
      if (this.#json)
        printJson(this.#context, { type: 'refused', pushGuid: push.pushGuid, relay: line, problem });
      const { sentence, next } = explainProblem(problem);
      this.#talk.say(`${this.#talk.paint('red', 'refused')} (${line}) ${sentence}`);
      if (next !== undefined) this.#talk.say(next);
    }
  }
}

const describePatches = (patches: readonly PatchInput[]): string => {
  const [first] = patches;
  if (first === undefined) return 'nothing';
  if (patches.length === 1)
    return first.change === 'put' ? first.resource : `${first.resource} (${first.change})`;
  return `${patches.length} files: ${patches
    .slice(0, 3)
    .map(({ resource }) => resource)
    .join(', ')}${patches.length > 3 ? ', …' : ''}`;
};
