// Saves into one timeline of a folder: for as long as it lives, or so many times. Tells its parent the height of each save
// before it is begun, and after it was answered.
import { append, loadFrame, makeGenesis, linkTo, storedBlob } from '@cd-push/timeline';

import { folderSpace } from '../../src/timelines/folder-space.ts';

const [folder = '', saves = 'Infinity'] = process.argv.slice(2);
const space = folderSpace(folder);
const genesis = await makeGenesis({ shared: true });

for (let saved = 0; saved < Number(saves);) {
  const from = await space.tip(genesis.address);
  const parent = from === undefined ? genesis : await loadFrame(space, from);
  const blobs = await Promise.all([1, 2, 3].map((n) => storedBlob(`${process.pid} ${saved} ${n}`)));
  const source = blobs.map(({ address }) => linkTo(address));
  const frame = await append(parent, { data: { by: process.pid, source } });
  process.send?.({ begins: frame.height });
  const { outcome } = await space.commit({
    objects: [genesis, frame, ...blobs],
    swaps: [{ timeline: genesis.address, from, to: frame.address }],
  });
  if (outcome === 'moved') continue;
  saved += 1;
  process.send?.({ saved: frame.height });
}
process.disconnect?.();
