const line =
  '.greeting > em::before { content: "Hello\\n"; } /* what a style sheet looks like on the wire */\n';

/** A style sheet of about so many bytes, ASCII, different for each number. */
export const sampleText = (bytes: number, number: number): string => {
  const head = `:root { --version: ${number}; }\n`;
  return `${head}${line.repeat(Math.ceil(bytes / line.length))}`.slice(0, bytes);
};
