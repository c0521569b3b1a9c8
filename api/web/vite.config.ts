import { defineConfig } from "vite";

// `npm run dev` shows the pages with the answers of a plant that is served beside it.
const plant = "http://127.0.0.1:8000";

export default defineConfig({
  base: "./", // below a proxy's path too
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/sparql", "/health", "/ready", "/docs", "/signin"].map((path) => [path, plant]),
    ),
  },
});
