import { createHash } from 'node:crypto';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';

import { limits } from '@cd-push/protocol';
import type { Content, Upload } from '@cd-push/store';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { ContentDoor } from '../src/contents/content-door.ts';
import { giveOut } from '../src/contents/give-out.ts';
import { HeldBytes } from '../src/contents/held-bytes.ts';
import { SharedContents } from '../src/contents/shared-contents.ts';
import { Uploads, type UploadBounds } from '../src/contents/take-upload.ts';
import type { Admission } from '../src/doors/admission.ts';
import { Asking } from '../src/doors/asking.ts';
import { expectSoon } from '../src/doors/http-server.ts';
import type { Session } from '../src/authority/session.ts';
import { defaultRate, Rate } from '../src/peers/rate.ts';
import { ask } from './support/http.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryAuthority } from './support/memory-authority.ts';
import { KeptLog } from './support/stack.ts';

const digestOf = (bytes: string): string =>
  `sha256-${createHash('sha256').update(bytes).digest('base64url')}`;

/** The body of a request whose arrival is in the test's hands. */
const arriving = (length: number): PassThrough & IncomingMessage =>
  Object.assign(new PassThrough(), { headers: { 'content-length': String(length) } }) as never;

/** A store of one person's uploads. */
class Shelf {
  readonly uploaded = new Map<string, number>();
  isFull = false;

  uploads(): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(this.uploaded);
  }
  putContent(_tenant: string, { digest, body }: Content, _upload: Upload): Promise<void> {
    if (this.isFull) return Promise.reject(new Error('No space left on device.'));
    this.uploaded.set(digest, body.length);
    return Promise.resolve();
  }
}

const setUp = async (bounds: Partial<UploadBounds> = {}) => {
  const authority = await MemoryAuthority.create();
  const { session } = await authority.developer();
  const shelf = new Shelf();
  const clock = new ManualClock();
  const uploads = new Uploads(
    { store: shelf, clock, log: new KeptLog() },
    { waitingBytes: 100, waitingContents: 10, inAll: 100, ofOne: 100, ...bounds },
  );
  const whole = (text: string, from: Session = session) => {
    const body = arriving(text.length);
    body.end(text);
    return uploads.take(body, from, digestOf(text));
  };
  return { authority, session, shelf, clock, uploads, whole };
};

describe('[CONTENT-7] of what is put, bounded is', () => {
  it('what one person has waiting for a push: in bytes, and in number', async () => {
    const { shelf, whole } = await setUp({ waitingBytes: 10, waitingContents: 3 });
    expect(await whole('12345678')).toMatchObject({ ok: true });
    expect(await whole('abc')).toMatchObject({ ok: false, problem: { kind: 'too-large' } });
    expect(await whole('12345678')).toMatchObject({ ok: true });
    expect(await whole('a')).toMatchObject({ ok: true });
    expect(await whole('b')).toMatchObject({ ok: true });
    expect(await whole('')).toMatchObject({ ok: false, problem: { kind: 'too-large' } });
    // A push named it.
    shelf.uploaded.delete(digestOf('12345678'));
    expect(await whole('abc')).toMatchObject({ ok: true });
  });

  it('what is being taken in at a time: of one person, so that another still may, and in all', async () => {
    const { authority, session, uploads, whole } = await setUp({ inAll: 10, ofOne: 6 });
    const other = (await authority.developer()).session;
    const body = arriving(5);
    const first = uploads.take(body, session, digestOf('12345'));
    const full = { ok: false, problem: { kind: 'unavailable', retryable: true, retryAfter: 1 } };
    expect(await whole('xy')).toMatchObject(full);
    expect(await whole('xy', other)).toMatchObject({ ok: true });
    expect(await whole('123456', other)).toMatchObject(full);
    body.end('12345');
    expect(await first).toMatchObject({ ok: true });
    expect(await whole('123456', other)).toMatchObject({ ok: true });
  });

  it('how long it may take', async () => {
    const { session, clock, shelf, uploads } = await setUp({
      waitingBytes: 10_000_000,
      inAll: 10_000_000,
      ofOne: 10_000_000,
    });
    const body = arriving(4_000_000);
    const taking = uploads.take(body, session, digestOf(''));
    // Half a megabit per second is enough.
    body.write(Buffer.alloc(700_000));
    await expect.poll(() => body.readableLength).toBe(0);
    clock.advance(10_000);
    body.write(Buffer.alloc(600_000));
    await expect.poll(() => body.readableLength).toBe(0);
    clock.advance(9_999);
    clock.advance(1);
    expect(await taking).toMatchObject({ ok: false, problem: { kind: 'timeout', retryable: true } });
    expect(shelf.uploaded.size).toBe(0);
  });

  it('what is read: no more than was announced, and nothing of it counts where it broke off', async () => {
    const { session, shelf, uploads, whole } = await setUp();
    const long = arriving(3);
    long.end('1234');
    expect(await uploads.take(long, session, digestOf('1234'))).toMatchObject({ ok: false });
    const cut = arriving(4);
    cut.write('12');
    const taking = uploads.take(cut, session, digestOf('12'));
    cut.destroy();
    expect(await taking).toMatchObject({ ok: false });
    // Its end was said before it was looked at.
    expect(await uploads.take(cut, session, digestOf('12'))).toMatchObject({ ok: false });
    expect(shelf.uploaded.size).toBe(0);
    expect(await whole('1234')).toMatchObject({ ok: true });
  });

  it('by what the store takes: what it refuses is tried again later, and holds no room', async () => {
    const { shelf, whole } = await setUp({ inAll: 4, ofOne: 4 });
    shelf.isFull = true;
    expect(await whole('1234')).toMatchObject({ ok: false, problem: { kind: 'journal-unavailable' } });
    shelf.isFull = false;
    expect(await whole('1234')).toMatchObject({ ok: true });
  });
});

describe('[CONTENT-7] of what is given out', () => {
  it('one copy serves all who ask for it at a time, and its room is free when the last has it', async () => {
    let reads = 0;
    const shared = new SharedContents({
      content: async () => {
        reads += 1;
        return 'text';
      },
    });
    const half = 128 * 1024 * 1024;
    const holds = Array.from({ length: 50 }, () => shared.hold('acme', 'one', half));
    expect(await Promise.all(holds.map(async (hold) => hold?.body))).toEqual(
      holds.map(() => Buffer.from('text')),
    );
    expect(reads).toBe(1);
    const second = shared.hold('acme', 'two', half);
    expect(second).toBeDefined();
    expect(shared.hold('acme', 'three', 1)).toBeUndefined();
    for (const hold of holds) hold?.release();
    expect(shared.hold('acme', 'three', half)).toBeDefined();
    expect(shared.hold('globex', 'two', 1)).toBeUndefined();
  });

  it('room that was given back twice was given back once', () => {
    const held = new HeldBytes({ inAll: 10, ofOne: 10 });
    const giveBack = held.take('a', 6);
    held.take('b', 4);
    giveBack?.();
    giveBack?.();
    expect(held.take('c', 7)).toBeUndefined();
    expect(held.take('c', 6)).toBeDefined();
  });

  it('who does not read is not waited for', async () => {
    const clock = new ManualClock();
    const given = Promise.withResolvers<void>();
    const server = createServer((_request, response) => {
      response.writeHead(200);
      void giveOut(response, Buffer.alloc(32 * 1024 * 1024), clock).then(given.resolve);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const asked = request({ port, agent: false });
    asked.end();
    const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
    const broken = new Promise<Error>((resolve) => response.once('error', resolve));
    response.pause();
    let isOver = false;
    void given.promise.then(() => (isOver = true));
    await expect
      .poll(() => {
        clock.advance(10_000);
        return isOver;
      })
      .toBe(true);
    response.resume();
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
  });

  it('who has left takes no room, whenever that was before the answer began', async () => {
    const authority = await MemoryAuthority.create();
    const { session } = await authority.developer({ roles: ['admin'] });
    const body = Buffer.alloc(limits.contentBytes);
    const steps = { vouch: Promise.withResolvers<void>(), content: Promise.withResolvers<void>() };
    const begun: string[] = [];
    const step = async (name: keyof typeof steps): Promise<void> => {
      begun.push(name);
      await steps[name].promise;
    };
    const clock = new ManualClock();
    const door = new ContentDoor({
      admission: { refusal: () => undefined } as unknown as Admission,
      asking: new Asking(),
      addressOf: () => '127.0.0.1',
      vouch: async () => {
        await step('vouch');
        return { session };
      },
      rate: new Rate(defaultRate, clock),
      store: {
        resourcesWith: () => Promise.resolve([{ environment: 'development', resource: '/shop/a.bin' }]),
        stored: (_tenant: string, [digest = '']: readonly string[]) =>
          Promise.resolve(new Map([[digest, body.length]])),
        content: async () => {
          await step('content');
          return body;
        },
      } as never,
      clock,
      log: new KeptLog(),
    });
    const ended: Promise<void>[] = [];
    const server = createServer((question, answer) => {
      ended.push(new Promise((resolve) => answer.once('close', resolve)));
      door.request(question, answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const pathOf = (name: number): string => `/contents/${digestOf(String(name))}`;
    const url = `http://127.0.0.1:${port}${pathOf(0)}`;
    /** As many as take all the room of one person, each broken off once it has come to that step. */
    const breakOff = async (at: keyof typeof steps, times: number): Promise<void> => {
      begun.length = 0;
      for (let time = 0; time < times; time += 1) {
        const asked = request({ port, path: pathOf(time), agent: false });
        asked.on('error', () => {});
        asked.end();
        await expect.poll(() => begun.length).toBe((time + 1) * (at === 'vouch' ? 1 : 2));
        asked.destroy();
        await ended.at(-1);
      }
    };
    await breakOff('vouch', 3);
    begun.length = 0;
    steps.vouch.resolve();
    await expect.poll(() => ask(url, { method: 'HEAD' })).toMatchObject({ status: 200 });
    expect(begun, 'nothing is read for those who have left').not.toContain('content');
    await breakOff('content', 2);
    steps.content.resolve();
    expect((await ask(url)).body.length).toBe(limits.contentBytes);
  });

  it('a body that nobody asked for is not read for long', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const [slow, whole] = [arriving(4), Object.assign(arriving(4), { complete: true })];
    expectSoon(slow);
    expectSoon(whole);
    vi.advanceTimersByTime(29_999);
    expect(slow.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect([slow.destroyed, whole.destroyed]).toEqual([true, false]);
  });
});
