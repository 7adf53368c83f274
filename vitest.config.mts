import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    include: ['test/**/*.test.ts'],
    // In this order: the browser is extracted to the folder for temporary files.
    globalSetup: ['test/support/temporary-files.ts', 'test/support/browser-setup.ts'],
    // `npm run test:soak`: the property tests with a hundred times as many histories.
    env: mode === 'soak' ? { PROPERTY_RUNS: '200000' } : {},
    // Engines and synths start in hooks; two cores are shared with whatever else runs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
