import { connect, login, makeJoinCode, Publisher, type Connection, type Push } from '@cd-push/client';
import type { Target } from '@cd-push/protocol';
import { Type } from 'typebox';

import { sampleText } from '../push/sample-text.ts';
import { environment, module, user } from './installation.ts';
import { command, serve } from './serve.ts';
import { timesOf } from './times-of.ts';

interface Signed {
  readonly session: Awaited<ReturnType<typeof login>>;
  readonly publisher: Publisher;
  readonly connection: Connection;
}

const targets: Target[] = [{ select: { module, environment } }];
const page = 50;
let signed: Signed | undefined;
let pushes = 0;

const started = (): Signed => {
  if (signed === undefined) throw new Error('The sender has not signed in yet.');
  return signed;
};

/** One push as an app would send it: a new content of one file, followed to its end. */
const push = (resource: string, bytes: number): Push => {
  pushes += 1;
  return started().publisher.push({
    environment,
    targets,
    patches: [{ resource, componentType: 'style', change: 'put', content: sampleText(bytes, pushes) }],
  });
};

/** Resolves once every recipient has confirmed both stages. */
const completed = async (pushed: Push, recipients: number): Promise<void> => {
  const { reached, missed } = await pushed.settled('completed');
  const [first] = missed;
  if (first !== undefined) throw new Error(`A recipient ended as ${JSON.stringify(first)}.`);
  const whole = reached.filter(
    ({ state }) => 'delivered' in state.times && 'completed' in state.times,
  ).length;
  if (whole !== recipients) throw new Error(`${whole} of ${recipients} recipients confirmed both stages.`);
};

serve({
  start: command(
    Type.Object({ apiUrl: Type.String(), relayUrl: Type.String() }),
    async ({ apiUrl, relayUrl }) => {
      const session = await login({ apiUrl, ...user });
      const connection = connect({ relayUrl, session });
      await connection.opened();
      signed = { session, connection, publisher: new Publisher({ connection, session }) };
      return {};
    },
  ),

  joinCode: command(Type.Object({ uses: Type.Integer() }), async ({ uses }) => {
    const { code } = await makeJoinCode(started().session, { module, environment, uses });
    return { code };
  }),

  /** Pushes one after the other, each begun when the one before it has been completed everywhere. */
  sequence: command(
    Type.Object({ bytes: Type.Integer(), count: Type.Integer(), recipients: Type.Integer() }),
    ({ bytes, count, recipients }) =>
      timesOf(count, () => completed(push(`/${module}/src/measured.css`, bytes), recipients)),
  ),

  /** Pushes one after the other, each timed until the relay has accepted it, and followed to its end before the next. */
  acceptances: command(
    Type.Object({ bytes: Type.Integer(), count: Type.Integer() }),
    async ({ bytes, count }) => {
      const times: number[] = [];
      while (times.length < count) {
        const startedAt = performance.now();
        const pushed = push(`/${module}/src/measured.css`, bytes);
        await pushed.accepted;
        times.push(performance.now() - startedAt);
        await completed(pushed, 1);
      }
      return { times };
    },
  ),

  /** Pushes one version of a file to whoever is there, and answers what is in place then. */
  version: command(
    Type.Object({ resource: Type.String(), content: Type.String(), map: Type.Optional(Type.String()) }),
    async ({ resource, content, map }) => {
      const componentType = map === undefined ? 'template' : 'module';
      const patch = {
        resource,
        componentType,
        change: 'put',
        content,
        ...(map === undefined ? {} : { map }),
      } as const;
      const { publisher, connection } = started();
      const pushed = publisher.push({ environment, targets, patches: [patch] });
      const answer = await pushed.accepted;
      if (!answer.status) throw new Error(`The relay refused a version: ${answer.error.detail}`);
      // Those who are away hear of it later; a recipient of bench fetches nothing, so that it must have it before the next.
      for await (const { state } of pushed) if (state.stage === 'completed') break;
      const { heads } = await connection.request('get-heads', { environment, resources: [resource] });
      return { head: heads[0] };
    },
  ),

  /** What is in place of files. */
  heads: command(Type.Object({ resources: Type.Array(Type.String()) }), async ({ resources }) => {
    const { heads } = await started().connection.request('get-heads', { environment, resources });
    return { heads };
  }),

  /** Reads pages of 50, in milliseconds: the versions of one file, and the pushes, latest first. */
  read: command(Type.Object({ count: Type.Integer() }), async ({ count }) => {
    const { connection } = started();
    const resource = `/${module}/src/measured.css`;
    const history = await timesOf(count, async () => {
      await connection.request('get-history', { environment, resource, limit: page });
    });
    const latest = await timesOf(count, async () => {
      await connection.request('list-pushes', { environment, limit: page });
    });
    return { history: history.times, pushes: latest.times };
  }),

  /** As many pushes under way as files. */
  pipeline: command(
    Type.Object({ bytes: Type.Integer(), count: Type.Integer(), files: Type.Integer() }),
    async ({ bytes, count, files }) => {
      let left = count;
      const startedAt = performance.now();
      const one = async (file: number): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await completed(push(`/${module}/src/measured-${file}.css`, bytes), 1);
        }
      };
      await Promise.all(Array.from({ length: files }, (_, file) => one(file)));
      return { perSecond: (count * 1000) / (performance.now() - startedAt) };
    },
  ),
});
