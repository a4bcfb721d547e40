/** The file that a version was made of, as its source map has it; undefined where that does not say. */
export const sourceInMap = (map: string | undefined): string | undefined => {
  if (map === undefined) return undefined;
  const parsed: unknown = parsedJson(map);
  if (typeof parsed !== 'object' || parsed === null || !('sourcesContent' in parsed)) return undefined;
  const sourcesContent: unknown = parsed.sourcesContent;
  // What several files were bundled to has no single one to edit.
  if (!Array.isArray(sourcesContent) || sourcesContent.length !== 1) return undefined;
  const source: unknown = sourcesContent[0];
  return typeof source === 'string' ? source : undefined;
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
