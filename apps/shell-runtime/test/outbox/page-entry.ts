import { indexedDbOutbox, outboxContract, type Outbox } from '@cd-push/client';

declare global {
  /** Answers 'kept', or how the rule was broken. */
  var runOutboxRule: (title: string) => Promise<string>;
  /** The outbox of this tab, in a database of which others know. */
  var sharedOutbox: Outbox;
}

globalThis.runOutboxRule = async (title) => {
  const name = crypto.randomUUID();
  const opened: Outbox[] = [];
  const open = (): Outbox => {
    const outbox = indexedDbOutbox(name);
    opened.push(outbox);
    return outbox;
  };
  try {
    const rule = outboxContract.find((one) => one.title === title);
    await rule?.run({ open });
    return rule === undefined ? 'unknown rule' : 'kept';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const outbox of opened) await outbox.close();
  }
};

globalThis.sharedOutbox = indexedDbOutbox('shared');
