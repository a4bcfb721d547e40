export { serviceSession } from './service-session.ts';
