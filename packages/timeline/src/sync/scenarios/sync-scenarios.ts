import { divergence, related } from './diverging.ts';
import { ahead, constants, deep, partial, push } from './one-sided.ts';
import { rounds } from './rounds.ts';
import type { SyncScenario } from './scenario.ts';
import { multiple } from './several.ts';
import { texts } from './texts.ts';

/** Every situation in which two sides may find themselves, with what has to come of it; for any two sides. */
export const syncScenarios: readonly SyncScenario[] = [
  push,
  constants,
  partial,
  deep,
  ahead,
  multiple,
  divergence,
  related,
  texts,
  rounds,
];
