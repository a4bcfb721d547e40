/** What an error says. A host with several addresses fails once for each, and says nothing itself. */
export const wordsOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : 'it is not known why';
};
