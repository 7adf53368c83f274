import { afterAll, beforeAll } from 'vitest';
import { startTables, type TestTables } from './tables';

/**
 * Tables for the tests of the file that calls this. They run during these tests: read the fields inside the tests, or in
 * `ready`.
 */
export function useTables(ready: (tables: TestTables) => void = () => {}): TestTables {
  const tables = {} as TestTables;
  beforeAll(async () => {
    ready(Object.assign(tables, await startTables()));
  });
  afterAll(() => tables.stop());
  return tables;
}
