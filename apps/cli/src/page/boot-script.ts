/** What a page must know to start its runtime: `/cd-push/boot.json`. */
export interface BootFacts {
  readonly apiUrl: string;
  readonly relayUrl: string;
  /** Where `cd-push.base.json` is; relative to the boot script. */
  readonly baseUrl: string;
  readonly module: string;
  /** What the page is: it takes no join code for another environment. */
  readonly environment: string;
  /** Resource that the program starts with. */
  readonly entry: string;
  /** True where the host sends no content security policy, so that `data:` scripts run. */
  readonly dataScripts?: true;
  /** For a page that has not enrolled yet; only a host that knows who asks gives one out. */
  readonly joinCode?: string;
}

/**
 * What a page runs to start, `/cd-push/boot.js`: everything that it must know comes from the files beside it, so that it
 * works below any path of any host.
 *
 * A join code may come in the address, as `#join=CODE`: a fragment never gets to a server. It leaves the address bar
 * before anything else is done, and with it the history and whatever else copies addresses. A page that asks its user
 * for the code sets `location.hash` to it.
 */
export const bootScript = `const given = /(?<=[#&])join=([^&]*)&?/;

const takeJoinCode = () => {
  const code = given.exec(location.hash)?.[1];
  if (code === undefined) return undefined;
  const rest = location.hash.replace(given, '').replace(/[#&]$/, '');
  history.replaceState(history.state, '', location.pathname + location.search + rest);
  return code;
};

const joinCode = takeJoinCode();
addEventListener('hashchange', () => {
  if (given.test(location.hash)) location.reload();
});

const [{ startRuntime }, answer] = await Promise.all([
  import('./runtime.js'),
  fetch(new URL('boot.json', import.meta.url), { cache: 'no-store' }),
]);
if (!answer.ok) throw new Error('The host cannot say how to start: ' + (await answer.text()));
const facts = await answer.json();
await startRuntime({
  ...facts,
  baseUrl: new URL(facts.baseUrl, import.meta.url).href,
  joinCode: joinCode ?? facts.joinCode,
});
`;
