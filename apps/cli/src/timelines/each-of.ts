/** Files that are open at a time. */
const atATime = 32;

/** Does something with each of many files, some of them at a time. */
export const eachOf = async <Item>(
  items: readonly Item[],
  step: (item: Item) => Promise<unknown>,
): Promise<void> => {
  for (let start = 0; start < items.length; start += atATime) {
    await Promise.all(items.slice(start, start + atATime).map(step));
  }
};
