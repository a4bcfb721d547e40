// Planted in a relay: a push is encoded for all, and then once more for each recipient.
import { classIn, replaceMethod } from '@cd-push/faults';

const { prototype: emission } = await classIn('relay', 'line/emit.js', 'Emission');
const write = replaceMethod(emission, 'write', function writeTwice(push, peers, copy) {
  const parcel: unknown = Reflect.get(Object(copy), 'parcel');
  const accepted: unknown = Reflect.get(Object(push), 'accepted');
  if (!Array.isArray(peers) || parcel === undefined || accepted === undefined)
    throw new TypeError('Pushes are not written like this any more.');
  const event: unknown = Reflect.get(Object(accepted), 'emits');
  peers.forEach(() => JSON.stringify([event, parcel]));
  return write(this, push, peers, copy);
});
