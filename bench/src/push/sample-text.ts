const line =
  'export const greet = (name) => `Hello, "${name}"\\n`; // what a module looks like on the wire\n';

/** Source text of about so many bytes, ASCII, different for each number. */
export const sampleText = (bytes: number, number: number): string => {
  const head = `export const version = ${number};\n`;
  return `${head}${line.repeat(Math.ceil(bytes / line.length))}`.slice(0, bytes);
};
