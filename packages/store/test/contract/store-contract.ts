import { changesContract } from './changes-contract.ts';
import { registriesContract } from './registries-contract.ts';
import { runtimesContract } from './runtimes-contract.ts';
import type { OpenStore } from './samples.ts';
import { sessionsContract } from './sessions-contract.ts';
import { usersContract } from './users-contract.ts';

/** The suites that every adapter of {@link Store} runs. */
export const storeContract = (open: OpenStore): void => {
  usersContract(open);
  sessionsContract(open);
  runtimesContract(open);
  registriesContract(open);
  changesContract(open);
};
