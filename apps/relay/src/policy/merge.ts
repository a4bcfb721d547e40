import {
  matchesTarget,
  targetKey,
  type Addressee,
  type Policy,
  type RuntimePolicy,
  type Target,
} from '@cd-push/protocol';

/** What holds where nobody said anything. */
export const noPolicy: RuntimePolicy = { hold: false, silent: false, mode: 'hybrid' };

/**
 * What holds for one runtime: it is held, and silent, where any of the policies that match it says so; its mode is that of
 * the most specific of them. A guid is more specific than a user, a user than a group, a group than a selector, and a
 * selector the more so the more it asks for; of two that are equal in that the later one counts.
 */
export const mergedFor = (policies: Iterable<Policy>, runtime: Addressee): RuntimePolicy => {
  let merged = noPolicy;
  let leading: Policy | undefined;
  for (const policy of policies) {
    if (!matchesTarget(policy.target, runtime)) continue;
    if (leading === undefined || isBefore(policy, leading)) leading = policy;
    merged = { ...merged, hold: merged.hold || policy.hold, silent: merged.silent || policy.silent };
  }
  return leading === undefined ? merged : { ...merged, mode: leading.mode };
};

const isBefore = (one: Policy, other: Policy): boolean => {
  const difference = specificity(one.target) - specificity(other.target) || one.at - other.at;
  // Two of the same millisecond: any rule would do that every node comes to.
  return difference === 0 ? targetKey(one.target) > targetKey(other.target) : difference > 0;
};

/** Above the number of things that a selector can ask for. */
const beyondSelectors = 1_000;

const specificity = (target: Target): number => {
  if ('guid' in target) return beyondSelectors + 3;
  if ('user' in target) return beyondSelectors + 2;
  if ('group' in target) return beyondSelectors + 1;
  const { module, environment, labels } = target.select;
  return Number(module !== undefined) + Number(environment !== undefined) + Object.keys(labels ?? {}).length;
};
