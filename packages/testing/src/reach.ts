/**
 * Whether a server that tests need is there. On a user's machine there need not be one, and what is left out is said; a
 * build that left it out would prove nothing, so that there it is a failure.
 *
 * @param attempt rejects where the server does not answer.
 * @throws under CI=true, what the attempt threw.
 */
export const isReached = async (
  server: string,
  attempt: () => Promise<void>,
  env: Readonly<Record<string, string | undefined>> = process.env,
  say: (line: string) => void = (line) => void process.stderr.write(line),
): Promise<boolean> => {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (env['CI'] === 'true') throw error;
    say(`No ${server}: the suites that need it are left out.\n`);
    return false;
  }
};
