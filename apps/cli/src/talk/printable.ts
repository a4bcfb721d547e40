/**
 * Text from other machines (names, what a runtime says of its failure) for a terminal: what would move the cursor, change
 * colours or turn the direction of writing is shown instead of done. Lines stay lines.
 */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
