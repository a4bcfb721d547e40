export * from './language-of.ts';
export * from './syntax.ts';
