import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { openSqliteStore } from '../src/index.ts';
import { storeContract } from './contract/store-contract.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
storeContract(() => openSqliteStore(join(folder, `${randomUUID()}.db`)));
