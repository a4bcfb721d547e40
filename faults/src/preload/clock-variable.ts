/** Names the file that says by how many milliseconds a process's clock is off. */
export const clockVariable = 'FAULTS_CLOCK';
