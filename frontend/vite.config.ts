/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The studio's own server answers /api; in development vite hands those requests on to it.
const STUDIO = process.env.THYMOS_STUDIO ?? 'http://127.0.0.1:8765';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../src/thymos/serve/studio/static',
    emptyOutDir: true,
    target: 'es2022',
    // A preload helper would not run under a policy without inline scripts, and the chunks are small.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': { target: STUDIO, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
