import fc from 'fast-check';

/** One seed for all property tests, so that a run repeats; CD_PUSH_SEED tries another. */
fc.configureGlobal({ seed: Number(process.env.CD_PUSH_SEED ?? 20_251_120) });
