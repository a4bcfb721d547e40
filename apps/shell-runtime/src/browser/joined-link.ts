import { clientLink } from '../link/client-link.ts';
import type { Link } from '../link/link.ts';
import { enrolled } from './identity.ts';
import { keepTrying } from './keep-trying.ts';
import type { StartOptions } from './start-runtime.ts';

/** The link of a tab, as the runtime that this browser profile is enrolled as; enrols it where it is not yet. */
export const joinedLink = async (
  {
    apiUrl,
    relayUrl,
    joinCode,
    trustRoot,
  }: Pick<StartOptions, 'apiUrl' | 'relayUrl' | 'joinCode' | 'trustRoot'>,
  instance: string,
): Promise<Link> => {
  const session = await keepTrying(() => enrolled({ apiUrl, joinCode, trustRoot }));
  return clientLink(relayUrl, session, instance);
};
