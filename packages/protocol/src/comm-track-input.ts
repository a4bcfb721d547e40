import type { CommTrack, CommTrackInput } from './wire/comm-track.ts';

/**
 * Reads a track as it may arrive: absent flags are false, absent times null, `deliverd` stands for `delivered`, and a
 * time written as a string is read as a number or a date.
 */
export const readCommTrack = (input: CommTrackInput): CommTrack => ({
  initTime: readTime(input.initTime),
  relayed: input.relayed ?? false,
  relayTime: readTime(input.relayTime),
  pushed: input.pushed ?? false,
  pushTime: readTime(input.pushTime),
  delivered: input.delivered ?? input.deliverd ?? false,
  deliveryTime: readTime(input.deliveryTime),
  completed: input.completed ?? false,
  completedTime: readTime(input.completedTime),
});

const readTime = (time: number | string | null | undefined): number | null => {
  if (time === null || time === undefined || time === '') return null;
  const milliseconds = typeof time === 'number' ? time : /^\d+$/.test(time) ? Number(time) : Date.parse(time);
  return Number.isFinite(milliseconds) && milliseconds >= 0 ? Math.round(milliseconds) : null;
};

/** A track that nothing has happened on yet but its making. */
export const freshCommTrack = (initTime: number | null): CommTrack => ({
  initTime,
  relayed: false,
  relayTime: null,
  pushed: false,
  pushTime: null,
  delivered: false,
  deliveryTime: null,
  completed: false,
  completedTime: null,
});
