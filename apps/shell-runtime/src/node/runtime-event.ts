import type { Problem } from '@cd-push/protocol';

import type { ToldEvents } from './app/messages.ts';
import type { ProgramEvent } from './supervisor.ts';

/** What the owner of a Node runtime hears. */
export type NodeRuntimeEvent =
  | ProgramEvent
  | ({ readonly kind: 'applied' } & ToldEvents['applied'])
  | ({ readonly kind: 'failed' } & ToldEvents['failed'])
  | ({ readonly kind: 'notice' } & ToldEvents['notice'])
  | { readonly kind: 'connected'; readonly recipient: string }
  | { readonly kind: 'disconnected' }
  /** The relay or the api does not want this runtime; the program runs on without pushes. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** The base could not be reached; what an earlier start had fetched runs. */
  | { readonly kind: 'stale-base'; readonly detail: string };

/** One line for people, or several where a stack says more. */
const lineOf = (event: NodeRuntimeEvent): string => {
  switch (event.kind) {
    case 'started':
      return 'The program runs.';
    case 'restarting':
      return `${told(event.problem)} It is started again in ${event.inMs} ms.`;
    case 'start-failed':
      return `${told(event.problem)} It waits for a push that repairs it.`;
    case 'handed-over':
      return `A fresh thread has taken over. ${event.reason}`;
    case 'handover-failed':
      return `A fresh thread could not take over: ${told(event.problem)}`;
    case 'applied':
      return `Applied ${event.resources.join(', ')} from ${event.signer}.`;
    case 'failed':
      return `Not applied${event.resources.length > 0 ? ` ${event.resources.join(', ')}` : ''}: ${told(event.problem)}`;
    case 'notice':
      return `${event.from}: ${event.text}`;
    case 'connected':
      return `Connected as ${event.recipient}.`;
    case 'disconnected':
      return 'The connection was lost; it comes back by itself.';
    case 'refused':
      return `No pushes come: ${told(event.problem)}`;
    case 'stale-base':
      return `${event.detail} What was fetched before is used.`;
    default:
      return event satisfies never;
  }
};

const told = ({ title, detail, stack }: Problem): string =>
  `${detail ?? title}${stack === undefined ? '' : `\n${stack}`}`;

/** Everything but line breaks that a terminal could take for a command: what is told comes from others. */
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

/** Tells an event on stderr. */
export const tellOnStderr = (event: NodeRuntimeEvent): void => {
  process.stderr.write(`[cd-push] ${lineOf(event).replace(control, '\uFFFD')}\n`);
};
