import { limits } from '@cd-push/protocol';

/** Bounds of what is kept or synced as an object: `too-large`. */
export const objectLimits = {
  /** Bytes of a structured object, so that each one fits a message. A manifest of some 8,000 files does. */
  structuredBytes: limits.timelineObjectLength,
  /** Bytes of a blob. Larger files are pushed without a history of their contents. */
  blobBytes: 32 * 1024 * 1024,
} as const;
