import { expect, it } from 'vitest';
import { ChangeWatcher } from '../../../cli/diagnosis/change-watcher';
import type { Outcome } from '../../../lambda/delivery/core/outcomes/outcome';
import { delivery, NOW } from '../../local/page/examples';

it('reports each new outcome of a delivery once', () => {
  const watcher = new ChangeWatcher();
  const poll = (outcome?: Outcome) => watcher.poll([delivery({ outcome })], []);
  expect(poll()).toBeUndefined();
  const awaited: Outcome = { state: 'awaited', by: NOW };
  expect(poll(awaited)).toMatchObject([{ row: { outcome: awaited } }]);
  const untold: Outcome = { ...awaited, state: 'unconfirmed', at: NOW, untold: NOW };
  expect(poll(untold)).toMatchObject([{ row: { outcome: { state: 'unconfirmed' } } }]);
  // Its announcement changes nothing that the watcher shows.
  expect(poll({ ...untold, untold: undefined })).toEqual([]);
  expect(poll({ ...untold, state: 'succeeded' })).toHaveLength(1);
});
