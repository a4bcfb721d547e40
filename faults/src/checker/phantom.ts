import type { Event } from '../history/event.ts';
import type { Finding } from './finding.ts';
import { credentialOf, type HistoryView, type PushStory, type RuntimeStory } from './history-view.ts';

/** A revocation reaches relays within this time of the api's answer; what was invoked later has to be refused. */
export const revocationReachesMs = 5_000;

/** Effects of what nobody sent, of what was refused, of what was meant for others, or of a session that was ended. */
export const phantomIn = (view: HistoryView): Finding[] => {
  const findings = [...view.runtimes.values()].flatMap((runtime) => phantomsAt(runtime, view));
  for (const story of view.pushes.values()) {
    const what = story.accepted && afterRevocation(story, view);
    if (what !== undefined)
      findings.push({ count: 'phantom', push: story.push, what: `was accepted ${what}` });
  }
  return findings;
};

const phantomsAt = (runtime: RuntimeStory, view: HistoryView): Finding[] => {
  const findings = new Map<string, Finding>();
  for (const { push, isMessage } of shownBy(runtime)) {
    const story = view.pushes.get(push);
    const what =
      story === undefined ? 'took effect, and nobody sent it' : phantom(story, runtime, view, isMessage);
    if (what !== undefined) findings.set(push, { count: 'phantom', push, runtime: runtime.name, what });
  }
  return [...findings.values()];
};

const phantom = (
  story: PushStory,
  { credential }: RuntimeStory,
  view: HistoryView,
  isMessage: boolean,
): string | undefined => {
  const { invoke, accepted, refused, absent, recipients } = story;
  if (invoke === undefined) return 'took effect, and nobody sent it';
  if (refused !== undefined) return `took effect, though it was refused (${refused.problem})`;
  if (absent !== undefined && accepted === undefined) return 'took effect, and the relay does not know it';
  const late = afterRevocation(story, view);
  if (late !== undefined) return `took effect ${late}`;
  const { to } = invoke;
  // Who joins later gets what is in place of the files; a message is for those who were there.
  const isMeant = isMessage
    ? accepted === undefined || recipients.has(credential)
    : to === 'everyone' || to.map(credentialOf).includes(credential);
  return isMeant ? undefined : 'took effect where it was not meant to';
};

const afterRevocation = ({ invoke }: PushStory, { revoked }: HistoryView): string | undefined => {
  const ended = invoke && revoked.get(invoke.session);
  if (invoke === undefined || ended === undefined) return undefined;
  const laterMs = invoke.machineMs - ended.machineMs;
  return laterMs > revocationReachesMs
    ? `${Math.round(laterMs / 1000)} s after its session was ended`
    : undefined;
};

const shownBy = ({ lives, heard, final = {} }: RuntimeStory): { push: string; isMessage: boolean }[] => {
  const standing = (held: Readonly<Record<string, Event['by'] | null>>) =>
    Object.values(held).filter((push) => push !== null);
  const files = [
    ...lives.flatMap(({ start, effects }) => [
      ...standing(start.standing),
      ...effects.map(({ push }) => push),
    ]),
    ...standing(final),
  ];
  return [
    ...files.map((push) => ({ push, isMessage: false })),
    ...heard.map(({ push }) => ({ push, isMessage: true })),
  ];
};
