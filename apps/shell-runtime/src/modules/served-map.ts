/** What the served base has as the map of one of its modules, if it has any. */
export const servedMap = async (url: URL): Promise<string | undefined> => {
  const text = async (address: URL): Promise<string | undefined> => {
    const response = await fetch(address);
    return response.ok ? response.text() : undefined;
  };
  try {
    const name = /\/\/# sourceMappingURL=(\S+)\s*$/u.exec((await text(url)) ?? '')?.[1];
    return name === undefined ? undefined : await text(new URL(name, url));
  } catch {
    // Without a network a stack stays as it is.
    return undefined;
  }
};
