/**
 * What is left to see, line by line, on a terminal that all of this was written to, as far as our own way of rewriting
 * goes: the cursor moves up, and what is below it goes.
 */
export const screenOf = (written: string): string[] => {
  const lines = [''];
  for (const [, up, text] of written.matchAll(/\r\u001B\[(\d+)A\u001B\[J|([^\u001B\r]+)|[^]/gu)) {
    if (up !== undefined) lines.splice(Math.max(0, lines.length - 1 - Number(up)), Number(up) + 1, '');
    for (const [index, part] of (text ?? '').split('\n').entries()) {
      if (index > 0) lines.push('');
      lines[lines.length - 1] += part;
    }
  }
  return lines.map((line) => line.replaceAll(/\[(?:\d+m|\?7[hl])/gu, '').trimEnd());
};
