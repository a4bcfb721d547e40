/** The value that a file or a body holds; undefined where it holds no JSON, as one that was cut off does. */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
