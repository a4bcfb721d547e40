import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const ownerOnlyFile = 0o600;
const ownerOnlyFolder = 0o700;

/** What a runtime keeps in its state folder. Anything else that lies there is its owner's business. */
const kept = ['key.json', 'identity.json', 'base.json', 'applying.json', 'contents', 'record'];

/** Whether something that lies in a state folder is the runtime's. */
export const isKept = (name: string): boolean => kept.includes(name);

/**
 * Takes from everybody but its owner what they may do with a state folder and what the runtime keeps in it: it may have
 * been made by hand, or by a release that left contents readable. Links are left alone, and so is what they lead to.
 */
export const takeFromOthers = async (dir: string): Promise<void> => {
  try {
    await Promise.all(kept.map((name) => narrow(join(dir, name))));
    await chmod(dir, ownerOnlyFolder);
  } catch (error) {
    // A mounted folder may be somebody else's, who lets this process in; what is made in it is this process's own.
    console.warn(`[cd-push] Not all of ${dir} could be made this user’s alone.`, error);
  }
};

const narrow = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() === true) await chmod(path, ownerOnlyFile);
  if (found?.isDirectory() !== true) return;
  await chmod(path, ownerOnlyFolder);
  for (const name of await readdir(path)) await narrow(join(path, name));
};
