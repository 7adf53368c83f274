import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests outside of `npm test`, by the mode that runs them. */
const OTHER_RUNS: Record<string, string[]> = {
  // What is shipped and what it costs: built, installed and measured. `.ci/run` runs these after `npm cit`.
  release: ['test/package/**/*.test.ts', 'test/bench/**/*.test.ts'],
  // Needs Python with boto3.
  python: ['test/events/airflow.test.ts'],
};

export default defineConfig(({ mode }) => ({
  test: {
    include: OTHER_RUNS[mode] ?? ['test/**/*.test.ts'],
    exclude: mode in OTHER_RUNS ? [] : Object.values(OTHER_RUNS).flat(),
    // In this order: the browser is extracted to the folder for temporary files.
    globalSetup: ['test/support/temporary-files.ts', 'test/support/browser/browser-setup.ts'],
    // Vitest's default leaves one core idle.
    maxWorkers: availableParallelism(),
    env: {
      // `npm run test:soak`: the property tests with four hundred times as many histories, the sweeps with every point.
      ...(mode === 'soak' && { SOAK: 'true', PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? '200000' }),
      // A synth takes 0.2 s instead of 3 s without the validation of its template and without the stack traces of its
      // constructs. The tests of the examples and of `npm run synth` validate.
      CDK_VALIDATION: 'false',
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:disable-stack-trace': true }),
    },
    // Engines and synths start in hooks; two cores are shared with whatever else runs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
