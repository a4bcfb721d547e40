import type { Push } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { shownTime } from '../history/shown-time.ts';
import type { Line } from '../sync/line.ts';
import { problemJson } from '../sync/push-json.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { explain, explainProblem } from '../talk/explain.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';

/**
 * Sends what an earlier run could not: it was killed, or its relay was away. What this run pushes goes behind it.
 *
 * @returns the end of it: each push was answered, and said to have been.
 */
export const resumePushes = async (
  context: CliContext,
  line: Line,
  json: boolean,
): Promise<{ over: Promise<void> }> => {
  try {
    const pushes = await line.publisher.resume();
    return { over: tellAnswers(context, line, pushes, json) };
  } catch (error) {
    new Talk(context).warn(`What an earlier run left unsent cannot be read: ${explain(error).sentence}`);
    return { over: Promise.resolve() };
  }
};

const tellAnswers = async (
  context: CliContext,
  line: Line,
  pushes: readonly Push[],
  json: boolean,
): Promise<void> => {
  await Promise.all(pushes.map((push) => tellAnswer(context, line, push, json)));
};

const tellAnswer = async (
  context: CliContext,
  { name: relay }: Line,
  push: Push,
  json: boolean,
): Promise<void> => {
  const answer = await push.accepted;
  // It stays where it is, for the next run.
  if (push.isOwed) return;
  const { pushGuid, initTime } = push;
  const talk = new Talk(context);
  const guid = shortGuid(pushGuid);
  const which = `Push ${guid} of ${shownTime(initTime, Date.now())}, which an earlier run left unanswered,`;
  if (answer.status) {
    const { duplicate, recipients } = answer;
    if (json) printJson(context, { type: 'resent', relay, pushGuid, accepted: true, duplicate, recipients });
    talk.tell(
      duplicate
        ? `${which} had been accepted; nothing of it is sent twice. More of it: cd-cli track ${guid}`
        : `${which} is accepted now. More of it: cd-cli track ${guid}`,
    );
    return;
  }
  if (json)
    printJson(context, { type: 'resent', relay, pushGuid, accepted: false, ...problemJson(answer.error) });
  const { sentence, next } = explainProblem(answer.error);
  talk.warn(`${which} was sent again and is refused: ${sentence}`);
  if (next !== undefined) talk.next(next);
};
