import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = join(__dirname, 'simulate.ts');

/** The summary of the command in a process of its own. */
async function simulate(seed: string): Promise<Record<string, unknown>> {
  const options = ['--seed', seed, '--events', '200', '--per-episode', '100', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', SCRIPT, ...options]);
  return JSON.parse(stdout);
}

it('the command does the same for the same seed in two processes, and finds no mistake', async () => {
  const [first, again] = await Promise.all([simulate('3'), simulate('3')]);
  expect(again).toEqual(first);
  expect(first).toMatchObject({ episodes: 2, events: 200, lost: 0, unowed: 0, stuck: 0, leaked: 0 });
});
