const computed = 'cd-push/merge/';

/** How frames are merged: whoever names another one makes other frames of the same two. */
export const mergeAlgorithm = `${computed}2`;

/** Whether a merge follows from its parents, as of any version; what is in another one was said by somebody. */
export const isComputed = (algorithm: string): boolean => algorithm.startsWith(computed);
