import { changesContract } from './changes-contract.ts';
import { identitiesContract } from './identities-contract.ts';
import { registriesContract } from './registries-contract.ts';
import { runtimesContract } from './runtimes-contract.ts';
import type { OpenStore } from './samples.ts';
import { storeAuditContract } from './store-audit-contract.ts';
import { sessionsContract } from './sessions-contract.ts';
import { usersContract } from './users-contract.ts';

/** The suites that every adapter of {@link Store} runs. */
export const storeContract = (open: OpenStore): void => {
  usersContract(open);
  sessionsContract(open);
  identitiesContract(open);
  runtimesContract(open);
  registriesContract(open);
  changesContract(open);
  storeAuditContract(open);
};
