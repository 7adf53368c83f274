import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const files = (include: string[], exclude: string[]) => globSync(include, { cwd: import.meta.dirname, exclude });

/** Tests outside of `npm test`, by the mode that runs them. */
const OTHER_RUNS: Record<string, string[]> = {
  // What is shipped and what it costs: built, installed, validated and measured; and the simulation in processes of its own.
  // `.ci/run` runs these after `npm cit`.
  release: [
    ...[
      'test/package/**/*.test.ts',
      'test/bench/**/*.test.ts',
      'test/examples/**/*.test.ts',
      'test/events/package.test.ts',
    ],
    'test/lib/app-checks.test.ts',
    ...['test/simulation/{processes,regressions}.test.ts', 'test/simulation/aws/table.property.test.ts'],
  ],
  exhaustive: ['test/simulation/exhaustive-pruning.test.ts'],
  // Needs Python with boto3.
  languages: ['test/events/airflow.test.ts'],
};

/**
 * Files that run one after the other in the same process, which loads the CDK and the connector once. A file that replaces a
 * module (`vi.mock`), changes the environment or uses a browser gets a process of its own.
 */
const SHARED = files(
  [
    'test/lib/**/*.test.ts',
    'test/lambda/**/*.test.ts',
    'test/local/{bus,engines,output,power-automate,run,template}/**/*.test.ts',
    'test/cli/*/**/*.test.ts',
    'test/docs/**/*.test.ts',
    'test/fuzz/**/*.test.ts',
  ],
  [
    '**/{handler-function,telemetry,solution,status-line,app-checks}.test.ts',
    '**/*{crash-sweep,misbehaving-flow,.browser}.test.ts',
  ],
);
const ISOLATED = files(['test/**/*.test.ts'], [...SHARED, ...Object.values(OTHER_RUNS).flat()]);

const project = (name: string, isolate: boolean, include: string[]) => ({
  extends: true as const,
  test: { name, isolate, include },
});

export default defineConfig(({ mode }) => ({
  test: {
    projects: OTHER_RUNS[mode]
      ? [project(mode, true, OTHER_RUNS[mode])]
      : [project('shared', false, SHARED), project('isolated', true, ISOLATED)],
    // In this order: the browser is extracted to the folder for temporary files.
    globalSetup: ['test/support/temporary-files.ts', 'test/support/browser/browser-setup.ts'],
    // One more than the cores: tests of the local run and of the CLI wait for other processes.
    maxWorkers: availableParallelism() + 1,
    env: {
      // `npm run test:soak`: the property tests with four hundred times as many histories, the sweeps with every point, 100,000 fuzzed
      // inputs.
      ...(mode === 'soak' && { SOAK: 'true', PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? '200000' }),
      // A synth takes 0.2 s instead of 3 s without the validation of its template and without the stack traces of its
      // constructs. The tests of the examples and of `npm run synth` validate.
      CDK_VALIDATION: 'false',
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:disable-stack-trace': true }),
    },
    // Engines and synths start in hooks; two cores are shared with whatever else runs. A soak may take its time.
    testTimeout: mode === 'soak' ? 6 * 3_600_000 : 60_000,
    hookTimeout: 60_000,
  },
}));
