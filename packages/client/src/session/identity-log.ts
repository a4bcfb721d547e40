import {
  isIdentityEvents,
  isIdentityView,
  ProblemError,
  problemOf,
  type Establishment,
  type IdentityEvent,
  type IdentityView,
  type Inception,
  type Rotation,
} from '@cd-push/protocol';
import {
  advance,
  cryptoPlatform,
  follow,
  isAddress,
  type Address,
  type IdentityState,
  type KeptIdentity,
  type SigningKey,
} from '@cd-push/timeline';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import { answerChallenge } from './challenge.ts';

/** The event that is registered last as far as is known here: what is kept beyond it is pending. */
export const registeredTip = (kept: KeptIdentity): { readonly n: number; readonly tip: Address } => {
  const [first] = kept.pending;
  if (first === undefined) return { n: kept.n, tip: kept.tip };
  const { previous } = first;
  return { n: first.n - 1, tip: isAddress(previous) ? previous : kept.identity };
};

/** Events that a registrar has and that this side may not know of. It tells them to the identity's own keys alone. */
const readEvents = async (
  apiUrl: string,
  identity: string,
  key: SigningKey,
  from: number,
): Promise<readonly IdentityEvent[]> => {
  const path = `/identities/${identity}/log`;
  const { nonce, proof } = await answerChallenge(apiUrl, identity, key);
  const body = { from, key: key.publicKey, nonce, proof };
  return readAnswer(isIdentityEvents, await request({ apiUrl, path, body }), path).events;
};

/** Says how far the log of an identity goes at an api. */
export const readIdentity = async (apiUrl: string, identity: string): Promise<IdentityView> => {
  const path = `/identities/${identity}`;
  return readAnswer(isIdentityView, await request({ apiUrl, path, method: 'GET' }), path);
};

/**
 * What is kept, brought to where the registrar stands: of two who followed the same event, the registrar has taken one.
 * Nothing is taken on its word: each event has to be signed by the identity's own keys and to follow what is known.
 *
 * @throws ProblemError `bad-identity` where the registrar's log is not that of this identity, or its keys were rotated
 * elsewhere; `identity-revoked`.
 */
export const caughtUp = async (apiUrl: string, kept: KeptIdentity): Promise<KeptIdentity> => {
  const registered = registeredTip(kept);
  const key = await cryptoPlatform.importPrivateKey(kept.key);
  let state = await stateAt(kept, registered.n, registered.tip);
  const establishments: Establishment[] = kept.establishments.filter(({ n }) => n <= registered.n);
  for (;;) {
    const events = await readEvents(apiUrl, kept.identity, key, state.n + 1);
    for (const event of events) {
      const next = await advance(state, event);
      if (!next.ok) throw new ProblemError(next.problem);
      state = next.value;
      if (event.op === 'rotation') establishments.push(event);
    }
    if (events.length === 0) break;
  }
  if (state.isRevoked) throw new ProblemError(problemOf('identity-revoked'));
  if (!state.established.keys.some(({ x }) => x === kept.key.x)) throw rotatedElsewhere();
  const own = await positionIn(kept, state);
  if (own !== undefined) return { ...kept, pending: own };
  return {
    ...kept,
    n: state.n,
    tip: state.tip,
    established: state.established.address,
    establishments: asEstablishments(establishments),
    pending: [],
  };
};

/** What is pending beyond the registrar's tip; undefined where the registrar's log goes on otherwise. */
const positionIn = async (
  kept: KeptIdentity,
  { n, tip }: IdentityState,
): Promise<readonly IdentityEvent[] | undefined> => {
  if (kept.n === n && kept.tip === tip) return [];
  const next = kept.pending.find((event) => event.n === n + 1);
  return next?.previous === tip ? kept.pending.filter((event) => event.n > n) : undefined;
};

const stateAt = async (kept: KeptIdentity, n: number, tip: Address): Promise<IdentityState> => {
  const followed = await follow(
    undefined,
    kept.establishments.filter((event) => event.n <= n),
  );
  if (!followed.ok) throw new ProblemError(followed.problem);
  const established = followed.value.establishments.at(-1) ?? followed.value.establishments[0];
  return { identity: kept.identity, n, tip, established, isRevoked: false };
};

const asEstablishments = (events: readonly Establishment[]): readonly [Inception, ...Rotation[]] => {
  const [inception, ...others] = events;
  if (inception?.op !== 'inception') throw new Error('An identity was kept without its inception.');
  return [inception, ...others.filter((event): event is Rotation => event.op === 'rotation')];
};

const rotatedElsewhere = (): ProblemError =>
  new ProblemError(
    problemOf('bad-identity', {
      detail: 'The keys of this identity were rotated elsewhere; the one that is kept here counts no more.',
    }),
  );
