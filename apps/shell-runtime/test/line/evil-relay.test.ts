import { entryOf, type ICdPushEnvelop, type ProblemKind, type Target } from '@cd-push/protocol';
import { beforeAll, describe, expect, test } from 'vitest';

import { seeded, type Random } from '../seeded.ts';
import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { LineWorld } from './line-world.ts';

const environment = 'development';
const now = Date.now();
const day = 86_400_000;

const file = (content: string, over: Partial<FileChange> = {}): FileChange => ({
  resource: '/app/a.css',
  type: 'style',
  version: now,
  content,
  predecessor: sha256('base'),
  ...over,
});

/** What a relay that went over to the enemy does to pushes that pass through it. It holds every key but the developers'. */
interface Deed {
  readonly title: string;
  readonly does: (random: Random) => Promise<ICdPushEnvelop>;
  /** What a runtime may answer, and nothing else. */
  readonly refusedAs: readonly ProblemKind[];
}

let developer: Signer;
/** The relay's own people: another issuer, another session, another relay. */
let impostor: Signer;
/** Somebody else of the same installation, who may push as well. */
let colleague: Signer;
beforeAll(async () => {
  [developer, impostor] = await Promise.all([Signer.create(), Signer.create()]);
  colleague = await developer.colleague('user-2');
});

type PushData = ICdPushEnvelop['pushData'];
type Sealed = 'statement' | 'certificate' | 'acceptance' | 'relayCertificate';
const sealed: readonly Sealed[] = ['statement', 'certificate', 'acceptance', 'relayCertificate'];

const genuine = (over: Partial<FileChange> = {}, options: PushOptions = {}): Promise<ICdPushEnvelop> =>
  developer.patch([file('new', over)], options);

const altered = async (
  change: (pushData: PushData) => void,
  options: PushOptions = {},
): Promise<ICdPushEnvelop> => genuine({}, { ...options, tamper: ({ pushData }) => change(pushData) });

/** Another character of the alphabet somewhere in a text. */
const flipped = (text: string, random: Random): string => {
  const at = random.below(text.length);
  const others = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.replace(
    text[at] ?? '',
    '',
  );
  return `${text.slice(0, at)}${others[random.below(others.length)]}${text.slice(at + 1)}`;
};

const elsewhere = (random: Random): Target =>
  random.pick<Target>([
    { select: { module: 'other', environment } },
    { select: { module: 'app', environment, labels: { floor: `${random.below(9)}` } } },
    { guid: `runtime-${random.below(1_000) + 2}` },
    { group: `group-${random.below(1_000)}` },
    { user: random.below(1_000) + 1 },
  ]);

const forged: readonly ProblemKind[] = ['bad-signature', 'bad-certificate', 'invalid-envelope'];

const deeds: readonly Deed[] = [
  {
    title: 'alters the content',
    does: (random) =>
      altered((pushData) => {
        const text = `evil ${random.below(1_000_000)}`;
        pushData.contents = [
          random.pick([
            { encoding: 'text', text },
            { encoding: 'text', text: 'neW' },
          ] as const),
        ];
      }),
    refusedAs: ['bad-signature'],
  },
  {
    title: 'leaves the content out',
    does: (random) =>
      altered((pushData) => {
        pushData.contents = random
          .pick([[], [{ encoding: 'none' }], [{ encoding: 'stored' }]] as const)
          .slice();
      }),
    // Said to lie at the relay, which does not give it out.
    refusedAs: ['bad-signature', 'invalid-envelope', 'unavailable'],
  },
  {
    title: 'alters a character of something that is signed',
    does: (random) =>
      altered((pushData) => {
        const member = random.pick(sealed);
        pushData[member] = flipped(pushData[member] ?? '', random);
      }),
    refusedAs: forged,
  },
  {
    title: 'strips a signature',
    does: (random) =>
      altered((pushData) => {
        const member = random.pick(sealed);
        const [header = '', payload = ''] = (pushData[member] ?? '').split('.');
        const none = Buffer.from('{"alg":"none"}').toString('base64url');
        pushData[member] = random.pick([
          `${header}.${payload}.`,
          `${header}.${payload}`,
          `${none}.${payload}.`,
          `${header}.${payload}.${'A'.repeat(86)}`,
        ]);
      }),
    refusedAs: forged,
  },
  {
    title: 'leaves something signed out',
    does: (random) =>
      altered((pushData) => {
        delete pushData[random.pick(sealed)];
      }),
    refusedAs: forged,
  },
  {
    title: 'signs in the developer’s place, with people of its own',
    does: async (random) => {
      const own = await impostor.patch([file('evil')]);
      const { pushData } = await genuine();
      const kept = sealed.filter(() => random.below(2) === 0).slice(0, 3);
      for (const member of kept) own.pushData[member] = pushData[member] ?? '';
      return own;
    },
    refusedAs: forged,
  },
  {
    title: 'puts the statement of one push beside the rest of another',
    does: async (random) => {
      const [one, other] = [await genuine(), await genuine({ content: 'other', version: now + 1 })];
      const member = random.pick(['statement', 'acceptance'] as const);
      return { ...one, pushData: { ...one.pushData, [member]: other.pushData[member] } };
    },
    refusedAs: ['bad-signature'],
  },
  {
    title: 'brings to this runtime what is meant for another',
    does: async (random) => {
      const targets = [elsewhere(random)];
      return genuine(
        {},
        { statement: { targets }, tamper: ({ pushData }) => addressedTo(pushData, targets) },
      );
    },
    refusedAs: ['forbidden'],
  },
  {
    title: 'says that what is meant for another is meant for this one',
    does: async (random) => {
      const mine: Target[] = [{ select: { module: 'app', environment } }];
      return genuine(
        {},
        {
          statement: { targets: [elsewhere(random)] },
          tamper: ({ pushData }) => addressedTo(pushData, mine),
        },
      );
    },
    refusedAs: ['bad-signature'],
  },
  {
    title: 'brings what is of another tenant or environment',
    does: async (random) => {
      const name = `other-${random.below(1_000)}`;
      return random.below(2) === 0
        ? genuine({}, { statement: { tenant: name }, certificate: { tenant: name } })
        : genuine(
            {},
            {
              statement: { environment: name },
              certificate: { grants: [{ prefix: '/app', environments: [name] }] },
            },
          );
    },
    refusedAs: ['forbidden', 'bad-certificate'],
  },
  {
    title: 'gives one file the content of another',
    does: async (random) => {
      const other = file(`other ${random.below(1_000)}`, { resource: '/app/b.css', predecessor: null });
      return developer.patch([file('new'), other], {
        tamper: ({ pushData }) => {
          pushData.contents = pushData.contents?.toReversed() ?? [];
        },
      });
    },
    refusedAs: ['bad-signature'],
  },
  {
    title: 'uses a right for what it does not cover',
    does: async (random) => {
      const resource = random.pick(['/other/a.css', '/ap/a.css', '/application/a.css', '/app/b/../../x.css']);
      return genuine({ resource, predecessor: null });
    },
    refusedAs: ['forbidden', 'invalid-envelope'],
  },
  {
    title: 'uses a certificate outside its time, or one that lets nobody push',
    does: (random) =>
      genuine(
        {},
        {
          certificate: random.pick([
            { notBefore: now - 2 * day, notAfter: now - day },
            { notBefore: now + day, notAfter: now + 2 * day },
            { verbs: ['sync'] },
            { verbs: [] },
            { grants: [] },
          ]),
        },
      ),
    refusedAs: ['bad-certificate', 'forbidden'],
  },
  {
    title: 'certifies what no identity has claimed',
    does: async (random) =>
      genuine(
        {},
        {
          certificate: random.pick([
            { identity: impostor.identity },
            { session: impostor.session },
            { cnf: { jwk: impostor.publicKey } },
          ]),
        },
      ),
    refusedAs: ['bad-certificate', 'bad-identity', 'bad-signature'],
  },
  {
    title: 'vouches for a time that was not',
    does: (random) => genuine({}, { acceptedAt: now + random.pick([-1, 1]) * (61_000 + random.below(day)) }),
    refusedAs: ['bad-signature'],
  },
  {
    title: 'brings an older version as a new one',
    does: (random) => genuine({ version: now - 1 - random.below(day), predecessor: sha256('base') }),
    refusedAs: ['stale-version'],
  },
  {
    title: 'leaves versions out in between',
    does: (random) =>
      genuine({
        version: now + 1 + random.below(1_000),
        predecessor: sha256(`skipped ${random.below(1_000)}`),
      }),
    refusedAs: ['broken-chain'],
  },
  {
    title: 'makes up what was skipped',
    does: async (random) => {
      const step = await impostor.patch([file('skipped', { version: now + 1 })]);
      return genuine(
        { version: now + 2, predecessor: sha256('skipped') },
        { skipped: Array.from({ length: 1 + random.below(3) }, () => impostor.skippedOf(step)) },
      );
    },
    refusedAs: ['broken-chain', 'bad-certificate', 'bad-signature'],
  },
  {
    title: 'jumps so far ahead that nobody can follow',
    does: (random) => genuine({ version: Number.MAX_SAFE_INTEGER - random.below(1_000) }),
    refusedAs: ['stale-version', 'bad-signature', 'invalid-envelope'],
  },
  {
    title: 'hides from the people in front of it what was to be shown, or the other way',
    does: () => altered((pushData) => void (pushData.isSilentSync = pushData.isSilentSync !== true)),
    refusedAs: ['bad-signature'],
  },
  {
    title: 'accepts by a certificate that is out of its time, of another tenant, or for something else',
    does: (random) =>
      genuine(
        {},
        {
          relayCertificate: random.pick([
            { notBefore: now - 2 * day, notAfter: now - day },
            { notBefore: now + day, notAfter: now + 2 * day },
            { tenant: `other-${random.below(1_000)}` },
            { iss: 'https://other.test' },
          ]),
        },
      ),
    refusedAs: ['bad-signature', 'bad-certificate'],
  },
  {
    title: 'puts what one person has signed under the certificate of another, and the other way',
    does: async (random) => {
      const [one, other] = [await genuine(), await colleague.patch([file('new')])];
      const { certificate = '' } = other.pushData;
      return random.below(2) === 0
        ? { ...one, pushData: { ...one.pushData, certificate } }
        : { ...other, pushData: { ...other.pushData, certificate: one.pushData.certificate ?? '' } };
    },
    refusedAs: forged,
  },
  {
    title: 'brings a delta that makes something else, or is upon what is not there',
    does: (random) =>
      altered((pushData) => {
        const bytes = Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256)));
        const base = sha256(random.pick(['base', 'nothing']));
        pushData.contents = [{ encoding: 'delta', base, delta: bytes.toString('base64') }];
      }),
    refusedAs: ['bad-signature', 'invalid-envelope', 'unavailable'],
  },
  {
    title: 'brings a content that is far larger than what is signed',
    does: (random) =>
      altered((pushData) => {
        pushData.contents = [{ encoding: 'text', text: 'x'.repeat(1_000_000 + random.below(1_000_000)) }];
      }),
    refusedAs: ['bad-signature', 'too-large'],
  },
  {
    title: 'puts a source map beside a content that has none, or another one',
    does: (random) =>
      altered((pushData) => {
        const map = `{"version":3,"sources":["${random.below(1_000_000)}"],"mappings":""}`;
        pushData.contents = [{ encoding: 'text', text: 'new', map }];
      }),
    refusedAs: ['bad-signature', 'invalid-envelope'],
  },
  {
    title: 'shows what was skipped in another order, or leaves some of it out',
    does: async (random) => {
      const steps = await Promise.all(
        ['one', 'two', 'three'].map(async (content, index) =>
          developer.skippedOf(
            await developer.patch([
              file(content, {
                version: now + 1 + index,
                predecessor: sha256(['base', 'one', 'two'][index] ?? ''),
              }),
            ]),
          ),
        ),
      );
      const [one, two, three] = steps;
      const skipped = random.pick([
        [two!, three!],
        [one!, three!],
        [one!, two!],
        [three!, two!, one!],
        [one!, one!, two!],
      ]);
      return genuine({ version: now + 10, predecessor: sha256('three') }, { skipped });
    },
    refusedAs: ['broken-chain'],
  },
  {
    title: 'brings a version back for a session that may not do so',
    does: (random) =>
      genuine(
        { restores: now - 1 - random.below(1_000) },
        { certificate: { verbs: random.pick([['push'], ['push', 'sync']] as const).slice() } },
      ),
    refusedAs: ['forbidden', 'bad-certificate'],
  },
  {
    title: 'gives it another name or purpose',
    does: (random) =>
      altered((pushData) => {
        if (random.below(2) === 0) pushData.pushGuid = crypto.randomUUID();
        else pushData.triggerEvent = 'run-operation';
      }),
    refusedAs: ['bad-signature', 'invalid-envelope'],
  },
];

const addressedTo = (pushData: PushData, targets: readonly Target[]): void => {
  pushData.pushRecepients = [{ userId: 1, subTypeId: 1 }, ...targets.map(entryOf)];
};

const alterations = 1_000;

describe('[SIGN-6] a relay that went over to the enemy', () => {
  test(`${alterations} alterations, swaps, replays and jumps: nothing takes effect, and each is refused by its kind`, async () => {
    const world = await new LineWorld(developer).start({ '/app/a.css': 'before' });
    // What is in place was pushed, so that there is something to go back behind.
    const first = await developer.patch([file('base', { version: now - 1, predecessor: sha256('before') })]);
    expect(await world.take(first)).toContain('completed');
    const held = new Map(world.texts);

    const random = seeded(20_261_120);
    const unexpected: string[] = [];
    for (let index = 0; index < alterations; index += 1) {
      const deed = deeds[index % deeds.length] ?? deeds[0]!;
      world.shown.length = 0;
      const log = await world.take(await deed.does(random));
      const kinds = world.shown.map(({ kind }) => kind);
      const isRefused = kinds.length === 1 && kinds.every((kind) => deed.refusedAs.includes(kind));
      const hasEffect = log.some((word) => /^(?:apply|completed|mark)/u.test(word));
      if (!isRefused || hasEffect) unexpected.push(`${index} ${deed.title}: ${kinds.join()} ${log.join()}`);
      if (index % 10 === 0) {
        // Said again, as it was or as a further attempt, what took effect once takes none again.
        const again = structuredClone(first);
        again.pushData.attempt = 1 + random.below(4);
        expect(await world.take(again)).not.toContain('apply:base');
      }
    }
    expect(unexpected).toEqual([]);
    expect(world.texts).toEqual(held);
    expect(await world.take(await genuine())).toContain('apply:new');
  });

  test('what a session signed that was ended since takes no effect, old or new', async () => {
    const world = await new LineWorld(developer).start({ '/app/a.css': 'base' });
    world.line.revoke([developer.session]);
    expect(await world.take(await genuine())).toEqual(['failed:session-revoked']);
    expect(world.texts.get('/app/a.css')).toBe('base');
  });
});
