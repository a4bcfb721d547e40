/** Members of decoded JSON of which nothing is known yet. */
export interface Members {
  readonly [key: string]: unknown;
}

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
