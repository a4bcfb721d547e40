/** A command that ends a sentence, with all that it takes: nothing is left to be filled in. */
const command = /(?:^|: )(cd-cli [^\n<,]+)$/mu;

/**
 * What can be done as data: the sentence is `advice`, and `next` the command in it, where there is one. Programs run what
 * `next` says.
 */
export const nextJson = (
  advice: string | undefined,
): { readonly advice?: string; readonly next?: string } => {
  if (advice === undefined) return {};
  const [, next] = command.exec(advice) ?? [];
  return next === undefined ? { advice } : { advice, next };
};
