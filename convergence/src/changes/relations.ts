import { makeConstant, type Address, type Links } from '@cd-push/timeline';

import { changed, type ChangeKind } from './change.ts';

const names = ['uses', 'tests'] as const;

/** Relates to a constant that is made for it. */
export const addLink: ChangeKind = async (content, { draw, token }) => {
  const name = draw.pick(names);
  const note = token();
  const constant = await makeConstant({ note });
  return changed(content, `${name} += ${note}`, {
    links: withLink(content.links, name, constant.address),
    objects: [constant],
  });
};

export const removeLink: ChangeKind = (content, { draw }) => {
  const there = Object.entries(content.links).flatMap(([name, list]) =>
    list.map((address) => ({ name, address })),
  );
  const gone = draw.pickFrom(there);
  if (gone === undefined) return undefined;
  const list = (content.links[gone.name] ?? []).filter((address) => address !== gone.address);
  const { [gone.name]: _before, ...others } = content.links;
  return changed(content, `${gone.name} -= …${gone.address.slice(-6)}`, {
    links: list.length === 0 ? others : { ...others, [gone.name]: list },
  });
};

export const withLink = (links: Links, name: string, address: Address): Links => ({
  ...links,
  [name]: [...new Set([...(links[name] ?? []), address])].toSorted(),
});
