import { visit } from 'jsonc-parser';

/**
 * JSON (RFC 8259) in which no object has a name twice: `JSON.parse` would keep the last one and say nothing. What is nested
 * too deep to be looked at is none.
 */
export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    checkNames(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

const checkNames = (text: string): void => {
  /** The names of each object that is open; of an array, none. */
  const open: Set<string>[] = [];
  const enter = (): void => {
    if (open.push(new Set()) > maxDepth) throw new SyntaxError('Too deep.');
  };
  const leave = (): void => {
    open.pop();
  };
  visit(text, {
    onObjectBegin: enter,
    onObjectEnd: leave,
    onArrayBegin: enter,
    onArrayEnd: leave,
    onObjectProperty: (name) => {
      const names = open.at(-1);
      if (names?.has(name) === true) throw new SyntaxError(`"${name}" is there twice.`);
      names?.add(name);
    },
  });
};

/** The visit calls itself for each level. */
const maxDepth = 1000;
