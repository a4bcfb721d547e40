/** The meaning of `subTypeId`; only sender, recipient and group are supported, the others are refused by name. */
export const subTypes = {
  sender: 1,
  group: 2,
  ccUser: 3,
  bccUser: 4,
  ccGroup: 5,
  bccGroup: 6,
  recipient: 7,
  forwardUser: 8,
  forwardGroup: 9,
} as const;
