import { branded, moduleOf, type Resource } from '@cd-push/protocol';
import type { JournalStore } from '@cd-push/store';

import { seesFile, type Session } from '../authority/session.ts';

/**
 * Whether a session may read a content: a runtime what the history of its module has in its environment, a person what a
 * grant reaches, and whoever watches the tenant all that was pushed in it. What nothing pushed has is nobody's to read.
 */
export const mayRead = async (
  session: Session,
  digest: string,
  store: Pick<JournalStore, 'resourcesWith'>,
): Promise<boolean> => {
  const resources = await store.resourcesWith(session.tenant, digest);
  return resources.some(({ environment, resource }) => reads(session, environment, resource));
};

const reads = (session: Session, environment: string, resource: string): boolean => {
  switch (session.kind) {
    case 'runtime': {
      const { runtime } = session;
      return runtime.environment === environment && runtime.module === moduleOf(branded<Resource>(resource));
    }
    case 'user':
      return seesFile(session, resource, environment);
    default:
      return session satisfies never;
  }
};
