import type { Target, TargetView } from '@cd-push/protocol';

import { CliError, usageError } from '../cli-error.ts';
import type { Talk } from '../talk/talk.ts';
import type { Line } from './line.ts';
import { isGuid, shortGuid, shortRecipient } from './short-ids.ts';

/**
 * Runtimes as people name them, by what `targets` and a push show of them: a guid, the beginning of one, a name, or either
 * with `#instance`. A relay knows the credential alone, so an instance stands for all that share its credential.
 *
 * @throws CliError for a name that fits nobody, or several.
 */
export const resolveTargets = async (
  talk: Talk,
  lines: readonly Line[],
  targets: readonly Target[],
): Promise<Target[]> => {
  const isExact = (target: Target): boolean => !('guid' in target) || isGuid(target.guid);
  if (targets.every(isExact)) return [...targets];
  const answers = await Promise.all(lines.map(({ connection }) => connection.request('list-targets', {})));
  const views = answers.flatMap((answer) => answer.targets);
  return targets.map((target) =>
    'guid' in target && !isGuid(target.guid) ? { guid: guidOf(talk, views, target.guid) } : target,
  );
};

/**
 * The one runtime that a person names, for a question about pushes to it: its credential, which stands for all of its
 * instances, or with `#instance` that one alone.
 *
 * @throws CliError for a name that fits nobody, or several.
 */
export const resolveRecipient = async (lines: readonly Line[], text: string): Promise<string> => {
  if (isGuid(text)) return text;
  const answers = await Promise.all(lines.map(({ connection }) => connection.request('list-targets', {})));
  const views = answers.flatMap((answer) => answer.targets).filter((view) => fits(view, text));
  const found = new Set(
    text.includes('#') ? views.map(({ recipient }) => recipient) : views.map(credentialOf),
  );
  return onlyOne(found, text);
};

/** Whether a recipient of a push is the one that {@link resolveRecipient} found, or an instance of it, or it of that. */
export const fitsRecipient = (recipient: string, found: string): boolean =>
  recipient === found ||
  recipient.startsWith(`${found}#`) ||
  // It was away when it was pushed to, and is addressed by its credential alone.
  found.startsWith(`${recipient}#`);

/** The one that was found. */
const onlyOne = (found: ReadonlySet<string>, text: string): string => {
  const [only] = found;
  if (only === undefined)
    throw new CliError(`No runtime that you can reach is "${text}".`, {
      next: 'See them: cd-cli targets --all',
    });
  if (found.size > 1) {
    const shown = [...found].slice(0, 3).map(shortRecipient).join(', ');
    throw usageError(`"${text}" fits ${found.size} runtimes.`, `Name one by its guid: ${shown}`);
  }
  return only;
};

const guidOf = (talk: Talk, views: readonly TargetView[], text: string): string => {
  const guid = onlyOne(new Set(views.filter((view) => fits(view, text)).map(credentialOf)), text);
  const sharing = views.filter((view) => credentialOf(view) === guid).length;
  if (text.includes('#') && sharing > 1)
    talk.say(`${text} shares its credential with ${sharing - 1} more; it goes to all ${sharing}.`);
  return guid;
};

/** Shorter beginnings of an id say too little to be meant. */
const shortest = 3;

const fits = (view: TargetView, text: string): boolean => {
  const { name, kind } = view;
  const [guid = '', instance = ''] = view.recipient.split('#', 2);
  const isNamed = (who: string): boolean =>
    who === name ||
    who === `${kind ?? ''} ${name}`.trim() ||
    who === `${name} ${shortGuid(guid)}` ||
    (who.length >= shortest && guid.startsWith(who));
  const at = text.lastIndexOf('#');
  if (at < 0) return isNamed(text) || (text.length >= shortest && instance.startsWith(text));
  const which = text.slice(at + 1);
  return which !== '' && instance.startsWith(which) && (at === 0 || isNamed(text.slice(0, at)));
};

const credentialOf = ({ recipient }: TargetView): string => recipient.split('#', 1)[0] ?? recipient;
