import { parse, type Establishment, type IdentityEvent, type Revocation } from '@cd-push/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { advance, advanceAll, follow, identityAddressOf, type IdentityState } from '../../src/index.ts';
import { alterationsOf, jsonOf } from '../support/alterations.ts';
import {
  claimOf,
  inceptionOf,
  revocationOf,
  rotationOf,
  scopeUntil,
  type Generation,
  type Place,
} from '../support/identities.ts';

/** Generations of keys of which no two share one: `size` of them, `threshold` to sign. */
const generation = (index: number, { size, threshold }: Size): Generation => ({
  keys: Array.from({ length: size }, (_, key) => 100 * (index + 1) + key),
  threshold: Math.min(size, threshold),
});

interface Size {
  readonly size: number;
  readonly threshold: number;
}

type Move =
  | { readonly kind: 'claim' | 'rotation' | 'revocation'; readonly expiresAt: number }
  | { readonly kind: 'again' }
  | { readonly kind: 'fork'; readonly back: number }
  | { readonly kind: 'gap'; readonly ahead: number }
  | { readonly kind: 'stray' }
  | { readonly kind: 'stale-keys' }
  | { readonly kind: 'foreign-rotation' }
  | { readonly kind: 'too-few' };

const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('claim' as const), expiresAt: fc.nat() }) },
  { weight: 3, arbitrary: fc.constant<Move>({ kind: 'rotation', expiresAt: 0 }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'revocation', expiresAt: 0 }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'again' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fork' as const), back: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('gap' as const), ahead: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'stray' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'stale-keys' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'foreign-rotation' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: 'too-few' }) },
);

/** What the log ought to be: kept by other means than the code does, with the keys by their generation. */
interface Model {
  readonly log: readonly IdentityEvent[];
  readonly generation: number;
  readonly isRevoked: boolean;
}

const quorum = ({ keys, threshold }: Generation): readonly number[] => keys.slice(0, threshold);

describe('[IDENT-1] any sequence of events', () => {
  it('is taken or refused as the model says, and a follower knows the same keys', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ size: fc.integer({ min: 1, max: 3 }), threshold: fc.integer({ min: 1, max: 3 }) }),
          {
            minLength: 4,
            maxLength: 4,
          },
        ),
        fc.array(moves, { maxLength: 14 }),
        async (sizes, sequence) => {
          const keysOf = (index: number): Generation =>
            generation(index, sizes[index % sizes.length] ?? { size: 1, threshold: 1 });
          const inception = await inceptionOf(keysOf(0), keysOf(1));
          const begun = await advance(undefined, inception);
          if (!begun.ok) throw new Error(begun.problem.detail);
          let state: IdentityState = begun.value;
          let model: Model = { log: [inception], generation: 0, isRevoked: false };
          for (const move of sequence) {
            const { event, expected } = await played(move, model, state, keysOf);
            const result = await advance(state, event);
            expect({ move, verdict: result.ok ? 'ok' : result.problem.kind }).toEqual({
              move,
              verdict: expected,
            });
            if (!result.ok) continue;
            state = result.value;
            if (move.kind === 'again') continue;
            model = {
              log: [...model.log, event],
              generation: model.generation + (event.op === 'rotation' ? 1 : 0),
              isRevoked: event.op === 'revocation',
            };
            expect(state).toMatchObject({ n: model.log.length - 1, isRevoked: model.isRevoked });
            expect(state.tip).toBe(await identityAddressOf(event));
          }
          const [first, ...others] = model.log;
          if (first === undefined) throw new Error('a log has an inception');
          expect(await advanceAll(undefined, [first, ...others])).toEqual({ ok: true, value: state });
          const followed = await follow(undefined, model.log.filter(isFollowed));
          if (!followed.ok) throw new Error(followed.problem.detail);
          expect(followed.value.identity).toBe(state.identity);
          expect(followed.value.isRevoked).toBe(model.isRevoked);
          expect(followed.value.establishments.at(-1)).toEqual(state.established);
          expect(followed.value.establishments).toHaveLength(model.generation + 1);
        },
      ),
      { seed: 20_261_120, numRuns: 150 },
    );
  });
});

const isFollowed = (event: IdentityEvent): event is Establishment | Revocation => event.op !== 'claim';

/** The event of a move, and what the model says to it. */
const played = async (
  move: Move,
  { log, generation: index, isRevoked }: Model,
  state: IdentityState,
  keysOf: (index: number) => Generation,
): Promise<{ readonly event: IdentityEvent; readonly expected: string }> => {
  const place: Place = {
    n: log.length,
    previous: state.tip,
    establishment: state.established.address,
  };
  const current = keysOf(index);
  const refused = isRevoked ? 'identity-revoked' : 'bad-identity';
  const taken = isRevoked ? 'identity-revoked' : 'ok';
  switch (move.kind) {
    case 'claim':
      return {
        event: await claimOf(place, quorum(current), { scope: scopeUntil(move.expiresAt) }),
        expected: taken,
      };
    case 'rotation':
      return { event: await rotationOf(place, keysOf(index + 1), keysOf(index + 2)), expected: taken };
    case 'revocation':
      return { event: await revocationOf(place, quorum(current)), expected: taken };
    case 'again': {
      const last = log.at(-1);
      if (last === undefined) throw new Error('a log has an inception');
      return { event: last, expected: 'ok' };
    }
    case 'fork': {
      const n = Math.max(1, log.length - 1 - move.back);
      const before = log[n - 1];
      if (before === undefined) throw new Error('there is an event before');
      const fork = await claimOf(
        { ...place, n, previous: await identityAddressOf(before) },
        quorum(current),
        {
          scope: scopeUntil(77),
        },
      );
      // Where only the inception stands, event 1 is no fork.
      return { event: fork, expected: n < log.length ? refused : taken };
    }
    case 'gap':
      return {
        event: await claimOf({ ...place, n: place.n + move.ahead }, quorum(current)),
        expected: refused,
      };
    case 'stray':
      return {
        event: await claimOf({ ...place, previous: place.establishment }, quorum(current), {
          scope: scopeUntil(78),
        }),
        expected: place.previous === place.establishment ? taken : refused,
      };
    case 'stale-keys':
      return { event: await claimOf(place, quorum(keysOf(index + 3))), expected: refused };
    case 'foreign-rotation':
      return { event: await rotationOf(place, keysOf(index + 4), keysOf(index + 5)), expected: refused };
    case 'too-few':
      return { event: await revocationOf(place, quorum(current).slice(1).concat(9_000)), expected: refused };
    default:
      return move satisfies never;
  }
};

describe('[IDENT-7] a log that was altered in one place', () => {
  let log: readonly IdentityEvent[];

  beforeAll(async () => {
    const first: Generation = { keys: [1, 2, 3], threshold: 2 };
    const second: Generation = { keys: [4, 5], threshold: 2 };
    const third: Generation = { keys: [6], threshold: 1 };
    const inception = await inceptionOf(first, second);
    const at = async (event: IdentityEvent, establishment: IdentityEvent): Promise<Place> => ({
      n: event.n + 1,
      previous: await identityAddressOf(event),
      establishment: await identityAddressOf(establishment),
    });
    const claim = await claimOf(await at(inception, inception), [1, 3]);
    const rotation = await rotationOf(await at(claim, inception), second, third);
    const later = await claimOf(await at(rotation, rotation), [4, 5]);
    const revocation = await revocationOf(await at(later, rotation), [4, 5]);
    log = [inception, claim, rotation, later, revocation];
  });

  it('is refused, a thousand times over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .nat(log.length - 1)
          .chain((index) =>
            alterationsOf(jsonOf(log[index])).map((event) =>
              log.map((kept, at) => (at === index ? event : kept)),
            ),
          ),
        async (altered) => {
          expect(['bad-identity', 'identity-revoked']).toContain(await verdictOn(altered));
        },
      ),
      { seed: 4, numRuns: 1_000 },
    );
  });

  it('is refused without an event that others follow, and in any other order', async () => {
    const orders = log
      .slice(0, -1)
      .flatMap((_, index) => [
        log.toSpliced(index, 1),
        log.toSpliced(index, 2, ...log.slice(index, index + 2).toReversed()),
      ]);
    expect(orders).toHaveLength(8);
    for (const order of orders) {
      expect(['bad-identity', 'identity-revoked']).toContain(await verdictOn(order));
    }
    expect(await verdictOn(log)).toBe('ok');
  });
});

const verdictOn = async (log: readonly unknown[]): Promise<string> => {
  const events: IdentityEvent[] = [];
  for (const item of log) {
    const event = parse('IdentityEvent', item, 'bad-identity');
    if (!event.ok) return event.problem.kind;
    events.push(event.value);
  }
  const [first, ...others] = events;
  if (first === undefined) return 'bad-identity';
  const result = await advanceAll(undefined, [first, ...others]);
  return result.ok ? 'ok' : result.problem.kind;
};
