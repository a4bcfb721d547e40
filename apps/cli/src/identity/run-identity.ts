import { newIdentity, readIdentity, type CredentialStore } from '@cd-push/client';
import { ProblemError, type IdentityView } from '@cd-push/protocol';
import { thumbprintOf, type KeptIdentity } from '@cd-push/timeline';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { IdentityFlags, IdentityRevokeFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { credentialFiles } from '../credentials/credential-files.ts';
import { exitCodes } from '../exit-codes.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { placeOf, sessionAt, type Place } from '../sync/open-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';

/** `identity show`: the identity that is kept here, and how far its log goes at the api. */
export const runIdentityShow = async (context: CliContext, flags: IdentityFlags): Promise<void> => {
  const place = await placeIn(context, flags);
  const store = credentialFiles(place.credentials);
  const kept = await keptAt(store, place);
  const account = await store.account();
  const isBound = account?.identity === kept.identity;
  const view = await viewOf(place, kept);
  const key = await thumbprintOf({ kty: kept.key.kty, crv: kept.key.crv, x: kept.key.x });
  const user = isBound ? account.user.name : null;
  if (flags.json) {
    printJson(context, {
      type: 'identity',
      identity: kept.identity,
      apiUrl: place.address.apiUrl,
      user,
      key,
      n: view?.n ?? null,
      registeredAt: view?.registeredAt ?? null,
      revokedAt: view?.revokedAt ?? null,
    });
    return;
  }
  const talk = new Talk(context);
  context.screen.print(`${kept.identity}\n`);
  talk.say(user === null ? 'Nobody is signed in by it.' : `Signed in as ${user} at ${place.address.apiUrl}.`);
  talk.say(`Key in force: ${key}`);
  talk.say(
    view === undefined
      ? 'It is not registered yet.'
      : `Its log has ${view.n + 1} events: each session is claimed by one.`,
  );
  if (view !== undefined && view.revokedAt !== null) talk.warn('It was ended for good.');
  talk.say(`Its keys are in ${place.credentials}.`);
};

/** `identity create`: makes one where there is none that could sign in. */
export const runIdentityCreate = async (context: CliContext, flags: IdentityFlags): Promise<void> => {
  const place = await placeIn(context, flags);
  const store = credentialFiles(place.credentials);
  const made = await store.exclusively(async () => {
    const kept = await store.identity();
    if (kept === undefined || kept.isRevoked) return newIdentity(store);
    throw new CliError(`There is an identity for ${place.address.apiUrl} already: ${kept.identity}`, {
      next: 'To have another key: cd-cli identity rotate\nTo end it for good: cd-cli identity revoke',
    });
  });
  if (flags.json) printJson(context, { type: 'identity', identity: made.identity });
  else context.screen.print(`${made.identity}\n`);
  new Talk(context).next(`Bind it to a user: cd-cli login ${place.address.apiUrl}`);
};

/** `identity rotate`: the key that was committed to comes in force. */
export const runIdentityRotate = async (context: CliContext, flags: IdentityFlags): Promise<void> => {
  const session = await sessionAt(await placeIn(context, flags));
  tell(
    context,
    flags,
    await session.rotateKeys(),
    'The next key is in force, and another one was made for the next time.',
  );
};

/** `identity revoke`: ends it for good, with all of its sessions. */
export const runIdentityRevoke = async (context: CliContext, flags: IdentityRevokeFlags): Promise<void> => {
  const session = await sessionAt(await placeIn(context, flags));
  await allow(context, flags, session.account.identity);
  tell(
    context,
    flags,
    await session.endIdentity(),
    'The identity is ended, and what its sessions signed is void.',
  );
  new Talk(context).next(`To go on as another one: cd-cli login ${session.account.apiUrl}`);
};

const placeIn = async (context: CliContext, flags: IdentityFlags): Promise<Place> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (settings.syncMode === 'hybrid')
    throw usageError('There is an identity for each api.', 'Say which: --mode local or --mode remote');
  return placeOf(context, settings, settings.syncMode);
};

const keptAt = async (store: CredentialStore, { address }: Place): Promise<KeptIdentity> => {
  const kept = await store.identity();
  if (kept !== undefined) return kept;
  throw new CliError(`There is no identity for ${address.apiUrl} on this machine.`, {
    exitCode: exitCodes.authentication,
    next: `Sign in, which makes one: cd-cli login ${address.apiUrl}`,
  });
};

/** Undefined where the api does not know of it. */
const viewOf = async ({ address }: Place, { identity }: KeptIdentity): Promise<IdentityView | undefined> => {
  try {
    return await readIdentity(address.apiUrl, identity);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kind === 'not-found') return undefined;
    throw error;
  }
};

const tell = (context: CliContext, { json }: IdentityFlags, view: IdentityView, sentence: string): void => {
  if (json) printJson(context, { type: 'identity', ...view });
  new Talk(context).tell(sentence);
};

/** @throws CliError where nobody said that it may be done: nothing brings an identity back. */
const allow = async (
  context: CliContext,
  { yes, json }: IdentityRevokeFlags,
  identity: string,
): Promise<void> => {
  if (yes) return;
  const isAsked = context.process.stdin.isTTY === true && !json;
  const question = `End ${identity} for good, and void what it signed? [y/N] `;
  if (/^y(?:es)?$/iu.test(isAsked ? await askLine(context, question) : '')) return;
  if (isAsked) throw new CliError('The identity was not ended.');
  throw usageError(
    'The identity was not ended.',
    'Nothing brings it back. To end it without being asked: --yes',
  );
};
