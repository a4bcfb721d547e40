/** Names this run of the process, in the journal and to other nodes. */
export const newNodeId = (): string => `relay-${crypto.randomUUID()}`;
