import type { EpochMs, RuntimeView } from '@cd-push/protocol';
import type { Runtime } from '@cd-push/store';

import { runtimeView } from '../answers.ts';
import type { Api } from '../context.ts';

export const issueRuntimeToken = (
  api: Api,
  runtime: Runtime,
  at: EpochMs,
): { readonly token: string; readonly expiresAt: EpochMs } =>
  api.tokens.issue(
    {
      sub: runtime.guid,
      sid: runtime.guid,
      client: 'runtime',
      roles: ['runtime'],
      publicKey: runtime.publicKey,
    },
    at,
  );

/** What a runtime is told of itself; its guid goes under the name that the wire knows it by. */
export const runtimeAnswer = (runtime: Runtime): Omit<RuntimeView, 'guid'> & { resourceGuid: string } => {
  const { guid, ...rest } = runtimeView(runtime);
  return { resourceGuid: guid, ...rest };
};
