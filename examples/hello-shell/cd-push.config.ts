import { defineConfig } from '@cd-push/cli';

export default defineConfig({ module: 'hello-shell' });
