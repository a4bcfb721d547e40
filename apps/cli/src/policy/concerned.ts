import { matchesSelector, type Target, type TargetView } from '@cd-push/protocol';

/**
 * Whom an address means now, by their recipient ids; undefined where only the relay can tell, because what groups and
 * users runtimes have is not part of a view.
 */
export const concernedBy = (
  target: Target,
  views: readonly TargetView[],
): readonly TargetView[] | undefined => {
  if ('group' in target || 'user' in target) return undefined;
  if ('guid' in target) return views.filter(({ recipient }) => recipient.split('#', 1)[0] === target.guid);
  return views.filter((view) =>
    matchesSelector(target.select, { ...view, guid: view.recipient, user: null, groups: [] }),
  );
};
