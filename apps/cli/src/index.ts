export * from './settings/define-config.ts';
