import type { Draw } from '../draw/draw.ts';
import type { Bundle, Message } from './message.ts';

/** What happens to a message that is on its way. */
export type Delivery =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'lost'; readonly message: Message }
  | { readonly outcome: 'arrives'; readonly message: Message; readonly isDamaged: boolean };

const lossChance = 0.15;
const repeatChance = 0.15;
const damageChance = 0.03;

/** Messages that are on their way, for any time and in no order. */
export class Network {
  #underWay: Message[] = [];

  get size(): number {
    return this.#underWay.length;
  }

  post(message: Message): void {
    this.#underWay.push(message);
  }

  /** Any one of them: lost, damaged, or as it was sent, and then it may come once more. */
  deliver(draw: Draw): Delivery {
    const message = draw.pickFrom(this.#underWay);
    if (message === undefined) return { outcome: 'none' };
    if (draw.chance(lossChance)) {
      this.#drop(message);
      return { outcome: 'lost', message };
    }
    if (!draw.chance(repeatChance)) this.#drop(message);
    return message.kind === 'bundle' && message.objects.length > 0 && draw.chance(damageChance)
      ? { outcome: 'arrives', message: damaged(message, draw), isDamaged: true }
      : { outcome: 'arrives', message, isDamaged: false };
  }

  /** A connection that breaks takes with it what is on its way. */
  cut(replica: string): void {
    this.#underWay = this.#underWay.filter(({ from, to }) => from !== replica && to !== replica);
  }

  #drop(message: Message): void {
    this.#underWay = this.#underWay.filter((other) => other !== message);
  }
}

/** One bit of one object is another one. */
const damaged = (bundle: Bundle, draw: Draw): Bundle => {
  const hit = draw.between(0, bundle.objects.length - 1);
  const objects = bundle.objects.map((object, index) => {
    if (index !== hit || object.bytes.length === 0) return object;
    const bytes = object.bytes.slice();
    const at = draw.between(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draw.between(0, 7));
    return { ...object, bytes };
  });
  return { ...bundle, objects };
};
