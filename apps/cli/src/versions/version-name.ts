import type { FileVersion } from '@cd-push/protocol';

/** What people call a version: which one of its file's it is. */
export const versionName = ({ ordinal }: Pick<FileVersion, 'ordinal'>): string => `v${ordinal}`;

/** A version as `--json` prints it. */
export const versionJson = (version: FileVersion) => ({ name: versionName(version), ...version });

const units = ['B', 'KB', 'MB'] as const;

/** A number of bytes, for people. */
export const shownSize = (bytes: number): string => {
  let size = bytes;
  for (const unit of units) {
    if (size < 1_000 || unit === 'MB') return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`;
    size /= 1_000;
  }
  return `${bytes} B`;
};
