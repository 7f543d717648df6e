import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// `base` is where the server mounts the pages: `HOME` of crates/console/src/pages.rs.
export default defineConfig({
  root: 'console',
  base: '/_frankly/console/',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    // The pages' content security policy refuses `data:` addresses.
    assetsInlineLimit: 0,
    target: 'es2022',
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/_frankly/v1': process.env.FRANKLY_URL ?? 'http://127.0.0.1:8008' },
  },
});
