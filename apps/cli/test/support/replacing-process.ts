// Replaces a file by one of two texts in turn for as long as it lives, and tells its parent when it begins.
import { replaceFile } from '../../src/merge/replace-file.ts';
import { folderIdentity } from '../../src/project/folder-identity.ts';
import { contentDigest } from '../../src/transform/content-digest.ts';

const [root = '', path = '', size = '0'] = process.argv.slice(2);
const texts = ['a', 'b'].map((letter) => letter.repeat(Number(size)));
const folder = folderIdentity(root);
process.send?.('begins');
for (let turn = 0; ; turn += 1) {
  const [from = '', to = ''] = turn % 2 === 0 ? texts : texts.toReversed();
  const bytes = new TextEncoder().encode(to);
  await replaceFile({ root, folder, path, ignore: () => false, from: contentDigest(from), to: bytes });
}
