/** The push that brought this module: the harness writes its name in place of the text. */
export const push = 'the base';
