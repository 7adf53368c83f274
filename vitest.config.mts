import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Engines and synths start in hooks; two cores are shared with whatever else runs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
