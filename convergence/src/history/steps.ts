import type { Address } from '@cd-push/timeline';

import { changed, withMember } from '../changes/change.ts';
import { drawChange } from '../changes/change-kinds.ts';
import { editedText } from '../changes/text-edits.ts';
import { Draw } from '../draw/draw.ts';
import { shortOf } from '../objects/pool.ts';
import type { Step } from '../plan/plan.ts';
import { Crash } from '../replica/crash.ts';
import type { MakeChange } from '../replica/editor.ts';
import type { Replica } from '../replica/replica.ts';
import type { World } from './world.ts';

/** Calls of a space within which most of what replicas do is over. */
const mostCalls = 24;

/** Makes one step happen. */
export const perform = async (world: World, { kind, seed }: Step): Promise<void> => {
  const draw = new Draw(seed);
  switch (kind) {
    case 'edit':
      return editAnywhere(world, draw.pick(world.replicas), draw);
    case 'create-document':
      return createDocument(world, draw);
    case 'create-resource':
      return createResource(world, draw);
    case 'delete-resource':
      return deleteResource(world, draw);
    case 'concurrent':
      return concurrent(world, draw);
    case 'same':
      return same(world, draw);
    case 'criss-cross':
      return crissCross(world, draw);
    case 'announce': {
      const [one, other] = world.two(draw);
      return world.network.post(world.announcement(one, other));
    }
    case 'push': {
      const [one, other] = world.two(draw);
      return world.network.post(one.nextBundleFor(other.name));
    }
    case 'deliver':
      return deliver(world, draw);
    case 'exchange':
      return world.exchange(...world.two(draw));
    case 'crash':
      return crash(world, draw);
    case 'race':
      return race(world, draw);
    default:
      return kind satisfies never;
  }
};

const edit = async (
  world: World,
  replica: Replica,
  timeline: Address,
  draw: Draw,
  make: MakeChange = drawChange,
): Promise<void> => {
  const what = await world.editor.edit(replica, timeline, draw, make);
  world.log(
    () => `  ${replica.name} edits ${world.pool.nameOf(timeline)}: ${what} → ${tipOf(replica, timeline)}`,
  );
};

const tipOf = (replica: Replica, timeline: Address): string => {
  const tip = replica.space.tip(timeline);
  return tip === undefined ? 'nothing' : shortOf(tip);
};

/** Timelines that can be edited by themselves: the manifest is edited with what it names. */
const editableAt = (world: World, replica: Replica): readonly Address[] =>
  replica.tips().flatMap(({ timeline, tip }) => {
    const data = world.pool.frameOf(tip)?.data;
    return data === undefined || data['entries'] !== undefined ? [] : [timeline];
  });

const editAnywhere = async (world: World, replica: Replica, draw: Draw): Promise<void> =>
  edit(world, replica, draw.pick(editableAt(world, replica)), draw);

/** A timeline that both have. */
const sharedBy = (world: World, one: Replica, other: Replica, draw: Draw): Address => {
  const there = new Set(other.tips().map(({ timeline }) => timeline));
  return draw.pick(editableAt(world, one).filter((timeline) => there.has(timeline)));
};

const createDocument = async (world: World, draw: Draw): Promise<void> => {
  const replica = draw.pick(world.replicas);
  const from = draw.chance(0.7) ? draw.pick(editableAt(world, replica)) : undefined;
  const what = await world.editor.createDocument(replica, from, draw);
  world.log(() => `  ${replica.name}: ${what}`);
};

const createResource = async (world: World, draw: Draw): Promise<void> => {
  const replica = draw.pick(world.replicas);
  const what = await world.editor.createResource(replica, draw);
  if (what === undefined) return editAnywhere(world, replica, draw);
  world.log(() => `  ${replica.name}: ${what}`);
};

const deleteResource = async (world: World, draw: Draw): Promise<void> => {
  const replica = draw.pick(world.replicas);
  const what = await world.editor.deleteResource(replica, draw);
  if (what === undefined) return editAnywhere(world, replica, draw);
  world.log(() => `  ${replica.name}: ${what}`);
};

const concurrent = async (world: World, draw: Draw): Promise<void> => {
  const [one, other] = world.two(draw);
  const timeline = sharedBy(world, one, other, draw);
  await edit(world, one, timeline, draw);
  await edit(world, other, timeline, draw);
};

/** Two do the very same where both say the same: with a field, or a text. One of them has just done something else. */
const same = async (world: World, draw: Draw): Promise<void> => {
  const [one, other] = world.two(draw);
  const timeline = sharedBy(world, one, other, draw);
  await edit(world, one, timeline, draw, (content, { token }) =>
    changed(content, 'something else', { data: withMember(content.data, 'owner', token()) }),
  );
  const name = draw.pick(['title', 'text']);
  const [value, otherValue] = [one, other].map((replica) => {
    const tip = replica.space.tip(timeline);
    return tip === undefined ? undefined : world.pool.frameOf(tip)?.data[name];
  });
  const isSame = typeof value === 'string' && value === otherValue;
  const words = world.editor.words();
  const edited = isSame && name === 'text' ? editedText(value, draw, words)[1] : words();
  const make: MakeChange = (content, hand) =>
    isSame
      ? changed(content, `${name}, as the other one does`, { data: withMember(content.data, name, edited) })
      : drawChange(content, hand);
  await edit(world, one, timeline, draw, make);
  await edit(world, other, timeline, draw, make);
};

const crissCross = async (world: World, draw: Draw): Promise<void> => {
  const [one, other] = world.two(draw);
  const timeline = sharedBy(world, one, other, draw);
  await edit(world, one, timeline, draw);
  await edit(world, other, timeline, draw);
  const before = [one.bundleFor(other.name, []), other.bundleFor(one.name, [])] as const;
  await edit(world, one, timeline, draw);
  await edit(world, other, timeline, draw);
  await world.take(other, before[0]);
  await world.take(one, before[1]);
};

const deliver = async (world: World, draw: Draw): Promise<void> => {
  const delivery = world.network.deliver(draw);
  switch (delivery.outcome) {
    case 'none':
      return;
    case 'lost':
      return world.log(
        () => `  lost: ${delivery.message.kind} of ${delivery.message.from} to ${delivery.message.to}`,
      );
    case 'arrives':
      if (delivery.isDamaged) world.log(() => '  damaged:');
      return world.arrive(delivery.message, delivery.isDamaged);
    default:
      return delivery satisfies never;
  }
};

const crash = async (world: World, draw: Draw): Promise<void> => {
  const [replica, other] = world.two(draw);
  const bundle = other.bundleFor(replica.name, replica.tips());
  const timeline = draw.pick(editableAt(world, replica));
  replica.space.crashAfter(draw.between(0, mostCalls), draw.chance(0.5));
  try {
    if (draw.chance(0.7)) await world.take(replica, bundle);
    else await edit(world, replica, timeline, draw);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
  world.crash(replica);
};

const race = async (world: World, draw: Draw): Promise<void> => {
  const [replica, other] = world.two(draw);
  const timeline = sharedBy(world, replica, other, draw);
  await edit(world, other, timeline, draw);
  replica.space.raceNextCommit(() => edit(world, replica, timeline, draw));
  await world.take(replica, other.bundleFor(replica.name, replica.tips()));
  replica.space.calm();
};
