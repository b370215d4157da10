import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// WEFT_API points `npx vite` at a running analyzer while one works on the page.
const api = process.env["WEFT_API"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // Nothing inlined: the content security policy allows neither inline scripts nor data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { "/api": api, "/readyz": api, "/healthz": api } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
