// Opens the journal in the file named as argument and writes to it as fast as it can: groups of two pushes and the moves of
// the two before. Says `open`, and then the offset of each group once it is written. Ends with its standard input, so that
// it never outlives the test that started it.
import { setImmediate } from 'node:timers/promises';

import { openSqliteJournal } from '../src/index.ts';
import { accepted, commit, completed, moveOf, offerOf, patch } from './contract/journal-samples.ts';

process.stdin.resume().on('end', () => process.exit());
process.stdout.on('error', () => process.exit());

const [file = ''] = process.argv.slice(2);
const journal = await openSqliteJournal(file, { node: `relay-${process.pid}` });
process.stdout.write('open\n');
for (let index = 1, before: number[] = []; ; index++) {
  const offers = ['a', 'b'].map((name) =>
    offerOf(accepted([patch(`/shop/${process.pid}/${name}${index}`, 1, null)])),
  );
  const moves = (await journal.at(before)).flatMap((push) =>
    push.facts.recipients.map((to) => moveOf(push, to, completed())),
  );
  const taken = await commit(journal, { offers, moves });
  before = taken.offers.flatMap((one) => (one.outcome === 'appended' ? [one.offset] : []));
  process.stdout.write(`${before.join(' ')}\n`);
  // The journal answers without ever leaving this turn of the event loop, in which no end would be noticed.
  await setImmediate();
}
