// Planted in a relay: each push waits for a timer of a millisecond before it is taken.
import { classIn, replaceMethod } from '@cd-push/faults';

const lateMs = 1;

const { prototype: line } = await classIn('relay', 'line/delivery-line.js', 'DeliveryLine');
const push = replaceMethod(line, 'push', async function pushLate(...args) {
  await new Promise((resolve) => {
    globalThis.setTimeout(resolve, lateMs);
  });
  return push(this, ...args);
});
