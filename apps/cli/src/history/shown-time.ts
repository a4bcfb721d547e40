const two = (number: number): string => String(number).padStart(2, '0');

/** A moment on this machine's clock for people: today's by the second, others by the minute. */
export const shownTime = (at: number, now: number): string => {
  const [moment, today] = [new Date(at), new Date(now)];
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  if (moment.toDateString() === today.toDateString()) return `${time}:${two(moment.getSeconds())}`;
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`;
};
