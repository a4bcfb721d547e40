import { posix } from 'node:path';

export interface StylePaths {
  /** The project's module: first segment of its resources. */
  readonly module: string;
  /** Path under which the project's folder is served, with a slash at both ends: `/` unless said otherwise. */
  readonly publicPath: string;
}

/** Whether an address in a style sheet names a file of the project: no scheme, no host, no mere fragment. */
export const isLocalReference = (address: string): boolean =>
  address !== '' && !/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/iu.test(address);

/** Path below the project's folder that an address in a style sheet names, or undefined where it leads out of it. */
export const pathOfReference = (module: string, resource: string, address: string): string | undefined => {
  const own = resource.slice(module.length + 2);
  const path = address.startsWith('/')
    ? posix.normalize(address.slice(1))
    : posix.normalize(posix.join(posix.dirname(own), address));
  return path === '..' || path.startsWith('../') ? undefined : path;
};

/** The address as it holds in any page, or undefined where it leads out of the project. */
export const rewriteReference = (
  { module, publicPath }: StylePaths,
  resource: string,
  address: string,
): string | undefined => {
  const [, name = '', suffix = ''] = /^([^?#]*)(.*)$/su.exec(address) ?? [];
  const path = pathOfReference(module, resource, name);
  return path === undefined ? undefined : `${publicPath}${path}${suffix}`;
};
