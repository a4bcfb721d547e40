// What other rooms share that start programs of the system, or tamper with those of the project.
export { classIn, replaceMethod } from './plants/reach.ts';
export { systemProgram } from './processes/binaries.ts';
export { freePort } from './processes/free-port.ts';
