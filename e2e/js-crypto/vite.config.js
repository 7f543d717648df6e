import { defineConfig } from "vite";

// `base` is relative: the page is served from whichever loopback port is free.
export default defineConfig({
  root: "page",
  base: "./",
  logLevel: "warn",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    // The library is one chunk, as in the clients that bundle it.
    chunkSizeWarningLimit: 8_192,
  },
});
