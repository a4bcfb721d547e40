export const componentTypes = ['template', 'style', 'controller', 'module', 'config', 'asset'] as const;
/** How a runtime takes a resource in: by morphing, replacing, evaluating, refreshing or renewing references. */
export type ComponentType = (typeof componentTypes)[number];
