import { CssSyntaxError, parse } from 'postcss';

/** A style sheet whose blocks, strings and comments are closed and whose declarations are told apart. */
export const isCss = (text: string): boolean => {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof CssSyntaxError) return false;
    throw error;
  }
};
