export { pageSession } from './browser/page-session.ts';
