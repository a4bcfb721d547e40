export type { FileHandle, TextHandle } from './app/files.ts';
export type { ToldEvents } from './app/messages.ts';
export type { NodeAppRuntime } from './app/runtime-api.ts';
export type { NodeRuntimeEvent } from './runtime-event.ts';
export type { NodeLimits, NodeRuntime, NodeRuntimeState } from './start-node.ts';
export { startNodeRuntime, type NodeRuntimeOptions } from './start-node-runtime.ts';
export type { ProgramEvent } from './supervisor.ts';
