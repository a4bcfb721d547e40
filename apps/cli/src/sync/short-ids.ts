/** Of a recipient's id `guid#instance`: as much of the instance as people are shown; undefined without one. */
export const shortInstance = (recipient: string): string | undefined => {
  const [, instance] = recipient.split('#', 2);
  return instance?.slice(0, 6);
};

/** A recipient's id as `targets` shows it and `--target` takes it. */
export const shortRecipient = (recipient: string): string => {
  const instance = shortInstance(recipient);
  return instance === undefined ? shortGuid(recipient) : `${shortGuid(recipient)}#${instance}`;
};

/** As much of a guid as people are shown. */
export const shortGuid = (guid: string): string => {
  const [whole = guid] = guid.split('#', 1);
  return isGuid(whole) ? whole.slice(0, 8) : whole;
};

export const isGuid = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text);
