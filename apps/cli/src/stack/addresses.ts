import { hostname, networkInterfaces } from 'node:os';

/** Names and addresses under which other machines may reach this one; the most useful for people first. */
export const networkNames = (): string[] => {
  const addresses = Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  const name = hostname().toLowerCase();
  const names = /^[a-z0-9.-]+$/u.test(name) ? [name, ...(name.includes('.') ? [] : [`${name}.local`])] : [];
  return [...new Set([...addresses, ...names, 'localhost', '127.0.0.1'])];
};
