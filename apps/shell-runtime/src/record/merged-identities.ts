import type { FollowedIdentity } from '@cd-push/timeline';

/** What two lives or tabs have seen of identities: of each what goes further. An end is for good. */
export const mergedIdentities = (
  known: readonly FollowedIdentity[],
  news: readonly FollowedIdentity[],
): FollowedIdentity[] => {
  const all = new Map(known.map((one) => [one.identity, one]));
  for (const one of news) {
    const before = all.get(one.identity);
    const further =
      before === undefined || before.establishments.length < one.establishments.length ? one : before;
    all.set(one.identity, {
      ...further,
      isRevoked: one.isRevoked || before?.isRevoked === true,
    });
  }
  return [...all.values()];
};
