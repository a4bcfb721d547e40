import { indexedDbStore } from '../../src/record/indexed-db-store.ts';
import { localStorageMark } from '../../src/record/local-storage-mark.ts';
import { applyingMarkRules, recordStoreRules } from './record-rules.ts';

declare global {
  /** Answers 'kept', or how the rule was broken. */
  var runRule: (port: 'store' | 'mark', title: string) => Promise<string>;
}

globalThis.runRule = async (port, title) => {
  const scope = crypto.randomUUID();
  try {
    if (port === 'store') {
      const rule = recordStoreRules.find((one) => one.title === title);
      await rule?.run({ open: (instance) => indexedDbStore(scope, instance) });
      return rule === undefined ? 'unknown rule' : 'kept';
    }
    const rule = applyingMarkRules.find((one) => one.title === title);
    await rule?.run({
      open: (instance, isAlive) => localStorageMark(scope, instance, async (other) => isAlive(other)),
    });
    return rule === undefined ? 'unknown rule' : 'kept';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
