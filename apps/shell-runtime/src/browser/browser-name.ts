/** More particular names first: most browsers claim to be several others as well. */
const browsers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Edg(?:A|iOS)?\/(\d+)/u, 'Edge'],
  [/OPR\/(\d+)/u, 'Opera'],
  [/SamsungBrowser\/(\d+)/u, 'Samsung Internet'],
  [/(?:Firefox|FxiOS)\/(\d+)/u, 'Firefox'],
  [/(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/u, 'Chrome'],
  [/Version\/(\d+).*Safari/u, 'Safari'],
];
const systems: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Windows/u, 'Windows'],
  [/Android/u, 'Android'],
  [/iPhone|iPad/u, 'iOS'],
  [/Mac OS X/u, 'macOS'],
  [/CrOS/u, 'ChromeOS'],
  [/Linux/u, 'Linux'],
];

/** What people call the browser of a user agent's text, for lists of runtimes: `Chrome 153 on Linux`. */
export const browserName = (userAgent: string): string => {
  const browser = browsers
    .map(([pattern, name]) => [name, pattern.exec(userAgent)?.[1]] as const)
    .find(([, version]) => version !== undefined);
  const [, system] = systems.find(([pattern]) => pattern.test(userAgent)) ?? [];
  return `${browser?.join(' ') ?? 'Browser'}${system === undefined ? '' : ` on ${system}`}`;
};
