import type { PatchInput } from '@cd-push/client';

import type { Draw } from '../schedule/draw.ts';
import type { SenderOrder } from './sender-order.ts';

/** What a sender is going to send. */
export interface Invocation {
  readonly carries: 'patch' | 'notice' | 'operation';
  /** Files that it changes; none for a message. */
  readonly resources: readonly string[];
  /** Recipients by name, or everyone who runs the module. */
  readonly to: 'everyone' | readonly string[];
  /** Milliseconds for which absent recipients are waited for; undefined for the usual week. */
  readonly withinMs: number | undefined;
}

export interface Work extends Pick<SenderOrder, 'ownValues' | 'ownPart' | 'shared'> {
  /** Recipients that may be addressed by name. */
  readonly recipients: readonly string[];
}

/** How often each comes, of 100. */
const shares = [
  [58, 'own value'],
  [12, 'shared file'],
  [8, 'own part'],
  [10, 'several files'],
  [6, 'notice'],
  [6, 'operation'],
] as const;
type Share = (typeof shares)[number][1];

const addressedShare = 0.05;
const hurriedShare = 0.03;
/** So short that an absent recipient is not waited for. */
const hurriedMs = 2_000;

/** Draws what is sent next. */
export const drawInvocation = (draw: Draw, work: Work): Invocation => {
  const share = drawShare(draw);
  const to =
    draw.chance(addressedShare) && work.recipients.length > 0 ? [draw.pick(work.recipients)] : 'everyone';
  const withinMs = draw.chance(hurriedShare) ? hurriedMs : undefined;
  const carries = share === 'notice' || share === 'operation' ? share : 'patch';
  return { carries, resources: resourcesOf(share, draw, work), to, withinMs };
};

const drawShare = (draw: Draw): Share => {
  let left = draw.between(1, 100);
  for (const [share, name] of shares) {
    left -= share;
    if (left <= 0) return name;
  }
  return 'own value';
};

const resourcesOf = (share: Share, draw: Draw, { ownValues, ownPart, shared }: Work): string[] => {
  switch (share) {
    case 'own value':
      return [draw.pick(ownValues)];
    case 'shared file':
      return [draw.pick(shared)];
    case 'own part':
      return [ownPart];
    case 'several files':
      return [...draw.shuffled(ownValues).slice(0, draw.between(1, 2)), ownPart];
    case 'notice':
    case 'operation':
      return [];
    default:
      return share satisfies never;
  }
};

/** A file's new content: it names the push that brings it. */
export const patchOf = (
  resource: string,
  push: string,
  { partTemplate, placeholder }: Pick<SenderOrder, 'partTemplate' | 'placeholder'>,
): PatchInput =>
  resource.endsWith('.json')
    ? { change: 'put', resource, componentType: 'config', content: JSON.stringify({ push }) }
    : {
        change: 'put',
        resource,
        componentType: 'module',
        content: partTemplate.replace(placeholder, push),
      };
