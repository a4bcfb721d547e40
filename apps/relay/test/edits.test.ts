import type {
  AcceptEditsAnswer,
  Answer,
  EditSettled,
  OfferedEdit,
  SaveEdit,
  SettleEditAnswer,
} from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { describe, expect, it } from 'vitest';

import type { Client } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { MemoryAuthority } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const resource = '/shop/src/cart.html';
const place = { environment: 'development', module: 'shop' };

const edit = (more: Partial<SaveEdit> = {}): SaveEdit => ({
  edit: crypto.randomUUID(),
  resource,
  version: 0,
  digest: `sha256-${'A'.repeat(43)}`,
  text: '<p>edited</p>',
  ...more,
});

const save = (client: Client, saved: SaveEdit): Promise<Answer<{ edit: string }>> =>
  client.ask('save-edit', saved);
const accept = (client: Client, module = place): Promise<Answer<AcceptEditsAnswer>> =>
  client.ask('accept-edits', module);
const settle = (client: Client, named: SaveEdit, outcome: EditSettled['outcome']) =>
  client.ask<Answer<SettleEditAnswer>>('settle-edit', { edit: named.edit, outcome });

describe('[EDIT] what is edited where it runs', () => {
  it('[EDIT-1] is offered to whoever takes edits of the module in, and the runtime hears what became of it', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client: developer } = await stack.sender();
    expect(await accept(developer)).toEqual({ status: true, edits: [] });
    const made = edit();
    expect(await save(runtime.client, made)).toEqual({ status: true, edit: made.edit });
    const offered = await developer.until<OfferedEdit>('edit-offered');
    expect(offered).toMatchObject({ ...made, environment: 'development', runtime: runtime.recipient });
    expect(await settle(developer, made, 'merged')).toEqual({ status: true, isFirst: true });
    expect(await runtime.client.until<EditSettled>('edit-settled')).toEqual({
      edit: made.edit,
      outcome: 'merged',
    });
  });

  it('[EDIT-2] waits for a developer, and the word about it for the runtime', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const [first, second] = [edit(), edit()];
    for (const one of [first, second]) await save(runtime.client, one);
    const { client: developer } = await stack.sender();
    const answer = await accept(developer);
    expect(answer).toMatchObject({ status: true, edits: [{ edit: first.edit }, { edit: second.edit }] });
    runtime.client.close();
    await settle(developer, first, 'conflict');
    const { client: back } = await stack.join(runtime.login);
    expect(await save(back, first)).toMatchObject({ status: true });
    expect(await back.until<EditSettled>('edit-settled')).toEqual({ edit: first.edit, outcome: 'conflict' });
  });

  it('[EDIT-3] the first word about it counts', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const [{ client: ada }, { client: bob }] = [await stack.sender(), await stack.sender()];
    const made = edit();
    await save(runtime.client, made);
    expect(await settle(ada, made, 'merged')).toEqual({ status: true, isFirst: true });
    expect(await settle(bob, made, 'refused')).toEqual({ status: true, isFirst: false });
    await save(runtime.client, made);
    expect(await runtime.client.until<EditSettled>('edit-settled')).toMatchObject({ outcome: 'merged' });
  });

  it('[EDIT-4] is shown to nobody whose grants do not cover the file', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const made = edit();
    await save(runtime.client, made);
    for (const grants of [
      [{ prefix: '/shop/server', environments: ['*'] }],
      [{ prefix: '/shop', environments: ['staging'] }],
    ]) {
      const { client } = await stack.sender({ grants });
      expect(await accept(client)).toEqual({ status: true, edits: [] });
      expect(await settle(client, made, 'merged')).toMatchObject({
        status: false,
        error: { kind: 'not-found' },
      });
    }
    const { client: observer } = await stack.sender({ roles: ['observer'] });
    expect(await accept(observer)).toMatchObject({ status: false, error: { kind: 'forbidden' } });
  });

  it.each([
    ['of another module', { resource: '/other/a.html' }, 'forbidden'],
    ['whose name leaves its root', { resource: '/shop/../other/a.html' }, 'invalid-envelope'],
    ['of a version that the runtime does not hold', { version: 7 }, 'stale-version'],
    ['of a negative version', { version: -1 }, 'invalid-request'],
    ['under no name', { edit: '' }, 'invalid-request'],
    ['that is too long', { text: 'a'.repeat(1024 * 1024 + 1) }, 'invalid-request'],
  ])('[EDIT-5] one %s is refused', async (_, change, kind) => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    expect(await save(runtime.client, edit(change))).toMatchObject({ status: false, error: { kind } });
    const { client: developer } = await stack.sender();
    expect(await accept(developer)).toEqual({ status: true, edits: [] });
  });

  it('[EDIT-5] of a pushed file names the version that the runtime holds', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client: sender, login } = await stack.sender();
    const push = await patchPush(login, [{ resource, text: '<p>pushed</p>' }]);
    await sender.push(push.envelope);
    await runtime.client.apply(push.statement);
    const [head] = push.heads;
    await sender.until('push-msg-completed');
    expect(await save(runtime.client, edit({ version: head!.version, digest: head!.digest! }))).toMatchObject(
      {
        status: true,
      },
    );
  });

  it('[EDIT-6] is made by what runs alone, and of no other runtime’s name', async () => {
    const stack = await Stack.start();
    const [one, other] = [await stack.runtime(), await stack.runtime({ name: 'other' })];
    const { client: developer } = await stack.sender();
    const made = edit();
    expect(await save(developer, made)).toMatchObject({ status: false, error: { kind: 'forbidden' } });
    await save(one.client, made);
    expect(await save(other.client, made)).toMatchObject({ status: false, error: { kind: 'conflict' } });
  });

  it('[EDIT-7] only so many of one runtime wait at a time', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const made = Array.from({ length: 33 }, () => edit());
    const answers: Answer<{ edit: string }>[] = [];
    for (const one of made) answers.push(await save(runtime.client, one));
    expect(answers.filter(({ status }) => status)).toHaveLength(32);
    expect(answers.at(-1)).toMatchObject({ error: { kind: 'rate-limited', retryable: true } });
    const { client: developer } = await stack.sender();
    await settle(developer, made[0]!, 'refused');
    expect(await save(runtime.client, made.at(-1)!)).toMatchObject({ status: true });
  });
});

describe('[EDIT-7] what one credential, or one developer, can have a relay hold', () => {
  it('is bounded over all instances that a runtime says it has', async () => {
    const stack = await Stack.start();
    const login = stack.authority.runtime();
    const answers: Answer<{ edit: string }>[] = [];
    for (let instance = 0; instance < 5; instance += 1) {
      const { client } = await stack.join(login, `tab-${instance}`);
      for (let count = 0; count < 30; count += 1) answers.push(await save(client, edit()));
    }
    expect(answers.filter(({ status }) => status)).toHaveLength(128);
    expect(answers.at(-1)).toMatchObject({ status: false, error: { kind: 'rate-limited', retryable: true } });
    const other = await stack.runtime();
    expect(await save(other.client, edit())).toMatchObject({ status: true });
  });

  it('comes in answers that fit a frame, the oldest first', async () => {
    const stack = await Stack.start();
    const login = stack.authority.runtime();
    const made = Array.from({ length: 12 }, () => edit({ text: 'x'.repeat(1_000_000) }));
    for (const [index, one] of made.entries()) {
      const { client } = await stack.join(login, `tab-${Math.floor(index / 4)}`);
      expect(await save(client, one)).toMatchObject({ status: true });
    }
    const { client: developer } = await stack.sender();
    const answer = await accept(developer);
    expect(answer.status && answer.edits.map((one) => one.edit)).toEqual(
      made.slice(0, 4).map((one) => one.edit),
    );
  });

  it('is of so many modules on one connection', async () => {
    const stack = await Stack.start();
    const { client } = await stack.sender();
    const ask = (index: number) => accept(client, { environment: 'development', module: `m${index}` });
    for (let index = 0; index < 64; index += 1) expect(await ask(index)).toMatchObject({ status: true });
    expect(await ask(64)).toMatchObject({ status: false, error: { kind: 'invalid-request' } });
    expect(await ask(0)).toMatchObject({ status: true });
  });
});

describe.runIf(await hasPostgres())('[EDIT] relays that share a journal', () => {
  it('[EDIT-8] reaches a developer at another relay, and so does the word about it', async () => {
    const authority = await MemoryAuthority.create();
    const journal = { kind: 'postgres', url: databaseUrl, schema: newSchema() } as const;
    const [a, b] = [await Stack.start({ authority, journal }), await Stack.start({ authority, journal })];
    const runtime = await a.runtime();
    const { client: developer } = await b.sender();
    await accept(developer);
    const made = edit();
    await save(runtime.client, made);
    expect(await developer.until<OfferedEdit>('edit-offered')).toMatchObject({ edit: made.edit });
    await settle(developer, made, 'merged');
    expect(await runtime.client.until<EditSettled>('edit-settled')).toMatchObject({ outcome: 'merged' });
  });
});
