import type { ProjectConfig } from './project-config.ts';

export type { ProjectConfig } from './project-config.ts';

/** Gives `cd-push.config.ts` its types; the value is returned as it is. */
export const defineConfig = (config: ProjectConfig): ProjectConfig => config;
