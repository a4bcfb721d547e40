import { hash } from 'node:crypto';

import { shortOf, type Pool } from '../objects/pool.ts';
import type { Replica } from '../replica/replica.ts';
import type { Finding } from './finding.ts';

/** Where replicas that have heard all of each other differ: in a tip, in an object, or in having one at all. */
export const divergences = (pool: Pool, replicas: readonly Replica[]): readonly Finding[] => {
  const findings: Finding[] = [];
  const diverged = (what: string): void => void findings.push({ count: 'divergences', what });
  const [first, ...others] = replicas;
  if (first === undefined) return findings;

  const tips = first.tips();
  for (const other of others) {
    const theirs = new Map(other.tips().map(({ timeline, tip }) => [timeline, tip]));
    for (const { timeline, tip } of tips) {
      const their = theirs.get(timeline);
      theirs.delete(timeline);
      if (tip === their) continue;
      const stands = their === undefined ? 'nothing' : shortOf(their);
      diverged(
        `${pool.nameOf(timeline)} is at ${shortOf(tip)} with ${first.name}, and at ${stands} with ${other.name}`,
      );
    }
    for (const [timeline] of theirs) diverged(`${first.name} has nothing of ${pool.nameOf(timeline)}`);
  }

  for (const address of pool.closureOf(tips.map(({ tip }) => tip))) {
    const bytes = first.space.get(address);
    for (const replica of replicas) {
      const there = replica.space.get(address);
      if (there === undefined) diverged(`${replica.name} lacks ${shortOf(address)}`);
      else if (bytes !== undefined && !isSame(bytes, there)) {
        diverged(`${shortOf(address)} is not the same with ${first.name} and ${replica.name}`);
      }
    }
    if (bytes !== undefined && digestIn(address) !== hash('sha256', bytes, 'hex')) {
      diverged(`${shortOf(address)} is not the address of what it names`);
    }
  }
  return findings;
};

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one === other || Buffer.compare(one, other) === 0;

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** The digest that a CID in base32 (RFC 4648 §6, lower case) ends with, in hexadecimal. */
const digestIn = (address: string): string => {
  let bits = 0;
  let held = 0;
  const bytes: number[] = [];
  for (const letter of address.slice(1)) {
    held = ((held << 5) | alphabet.indexOf(letter)) & 0xf_ff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Buffer.from(bytes.slice(-32)).toString('hex');
};
