import type { ComponentType } from '@cd-push/protocol';

/**
 * How runtimes take a resource in, by its file name. The page itself (`/<module>/index.html`) is an asset: it is loaded
 * by navigating, never morphed into a page. So is a service worker: the browser fetches and runs it by itself.
 */
export const componentTypeOf = (resource: string): ComponentType => {
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  if (/^(?:service-worker|sw)\.m?js$/u.test(name)) return 'asset';
  if (/\.controller\.[jt]sx?$/u.test(name)) return 'controller';
  if (/\.(?:[jt]sx?|mjs)$/u.test(name)) return 'module';
  if (name.endsWith('.html')) return /^\/[^/]+\/index\.html$/u.test(resource) ? 'asset' : 'template';
  if (name.endsWith('.css')) return 'style';
  if (name.endsWith('.json')) return 'config';
  return 'asset';
};
