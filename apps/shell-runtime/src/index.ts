export type { Runtime, RuntimeEvents, RuntimeLink, RuntimeState } from './browser/runtime.ts';
export { forgetIdentity } from './browser/identity-database.ts';
export { startPage, type StartPageOptions } from './browser/start-page.ts';
export type { StartOptions } from './browser/start-options.ts';
export { startRuntime } from './browser/start-runtime.ts';
export type { ArgumentsOf, ArgumentSchema } from './components/argument-schema.ts';
export type { ConfigHandle, ConfigSubscriber } from './components/config.ts';
export type { HealthCheck, HotContext } from './modules/hot-context.ts';
export type { Link, LinkHandlers, RuntimeSelf } from './link/link.ts';
