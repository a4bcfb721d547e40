import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a write that was cut off leaves behind; it stands for nothing. */
export const draftSuffix = '.draft';

/**
 * Writes a file that only its owner may read, whole or not at all. When this resolves, it is on the disk, and so is its
 * name.
 */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${Math.random().toString(36).slice(2)}${draftSuffix}`;
  try {
    await writeSynced(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
};

/** Writes a new file that only its owner may read, and brings its bytes to the disk; its name is not there for good yet. */
export const writeSynced = async (path: string, content: string | Uint8Array): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Brings to the disk which files a folder holds. Windows does so by itself and opens no folders. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const opened = await open(folder, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
};
