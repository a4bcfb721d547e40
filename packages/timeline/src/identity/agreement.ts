import {
  problemOf,
  targetKey,
  targetsOf,
  type Problem,
  type PushedEnvelop,
  type Statement,
} from '@cd-push/protocol';

/** Members of an envelope that repeat what is signed; one that differs from the statement is refused, not believed. */
export const disagreementOf = (
  pushData: PushedEnvelop['pushData'],
  statement: Statement,
): Problem | undefined => {
  if (pushData.pushGuid !== statement.pushGuid) return differs('/pushData/pushGuid');
  if (pushData.triggerEvent !== statement.trigger) return differs('/pushData/triggerEvent');
  if ((pushData.isSilentSync ?? false) !== statement.silent) return differs('/pushData/isSilentSync');
  const targets = targetsOf(pushData.pushRecepients);
  if (!targets.ok) return targets.problem;
  const outer = new Set(targets.value.map(targetKey));
  const inner = new Set(statement.targets.map(targetKey));
  if (outer.size !== inner.size || [...outer].some((key) => !inner.has(key)))
    return differs('/pushData/pushRecepients');
  if (statement.kind === 'patch' && pushData.contents?.length !== statement.patches.length)
    return differs('/pushData/contents');
  return undefined;
};

const differs = (path: string): Problem =>
  problemOf('bad-signature', { path, detail: 'This differs from what the statement beside it signs.' });
