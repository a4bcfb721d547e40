import { clientLink } from '../link/client-link.ts';
import type { Link } from '../link/link.ts';
import { enrolled, type EnrolmentOptions } from './identity.ts';

/** The link of a tab, as the runtime that this browser profile is enrolled as; enrols it where it is not yet. */
export const joinedLink = async (
  enrolment: EnrolmentOptions,
  relayUrl: string,
  instance: string,
): Promise<Link> => clientLink(relayUrl, await enrolled(enrolment), instance);
