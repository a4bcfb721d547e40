/** config/app.json. */
export interface AppConfig {
  readonly title: string;
  /** Any colour that CSS knows. */
  readonly accent: string;
}

/** Throws where the value is not a configuration; a subscriber that throws refuses the push that brought it. */
export const readConfig = (value: unknown): AppConfig => {
  if (typeof value === 'object' && value !== null && 'title' in value && 'accent' in value) {
    const { title, accent } = value;
    if (typeof title === 'string' && typeof accent === 'string') return { title, accent };
  }
  throw new TypeError('config/app.json needs a title and an accent, both texts.');
};
