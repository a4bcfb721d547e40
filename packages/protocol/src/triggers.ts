/**
 * A trigger that a session may send, and what recipients hear: the sender never chooses an event name of its own.
 */
export interface Trigger {
  /** Event under which the sender sends; `triggerEvent` of the envelope. */
  readonly trigger: string;
  /** Event under which recipients receive; `emittEvent` of the envelope. */
  readonly emits: string;
  /** What the statement behind it must be; `none` marks messages of existing clients, which carry none. */
  readonly carries: 'patch' | 'notice' | 'operation' | 'none';
}

/** Triggers that every registry starts with. */
export const builtInTriggers: readonly Trigger[] = [
  { trigger: 'dev-sync-init', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'file-save', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'file-update', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'schema-change', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'cli', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'ai-agent', emits: 'apply-runtime-patch', carries: 'patch' },
  { trigger: 'notify', emits: 'show-notice', carries: 'notice' },
  { trigger: 'run-operation', emits: 'execute-operation', carries: 'operation' },
];

/** Names that Socket.IO or the protocol itself uses; no trigger may be registered under one, nor emit one. */
export const reservedEvents: ReadonlySet<string> = new Set([
  'connect',
  'connect_error',
  'connection',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
  'error',
  'ping',
  'pong',
  'register-client',
  'connect-challenge',
  'connect-proof',
  'runtime-hello',
  'push-ack',
  'push-msg-complete',
  'push-msg-fail',
  'push-msg-relayed',
  'push-msg-pushed',
  'push-delivered',
  'push-msg-completed',
  'push-msg-failed',
  'push-msg-superseded',
  'get-heads',
  'list-targets',
  'get-track',
  'get-push',
  'list-pushes',
  'observe',
  'get-history',
  'get-changes',
  'get-source',
  'retry-push',
  'propose-push',
  'list-proposals',
  'get-proposal',
  'approve-push',
  'withdraw-proposal',
  'save-edit',
  'accept-edits',
  'settle-edit',
  'edit-offered',
  'edit-settled',
  'sync-turn',
  'set-policy',
  'get-policies',
  'get-audit',
  'policy-changed',
  'audit-heads',
  'push-accepted',
  'track-changed',
  'sync-metrics',
  'renew-session',
  'problem',
  'session-revoked',
  '__proto__',
  'constructor',
  'prototype',
]);
