import { expect, it } from 'vitest';
import { KeptLogs } from '../../local/kept-logs';

it('keeps structured lines, the newest 20,000, and nothing else', () => {
  const logs = new KeptLogs();
  logs.keep('START RequestId');
  logs.keep('{"_aws":{"Timestamp":1}}');
  logs.keep('{cut off');
  logs.keep('{"n":-1}');
  expect(logs.records()).toEqual([{ n: -1 }]);
  for (let n = 0; n < 50_000; n++) logs.keep(JSON.stringify({ n }));
  const kept = logs.records();
  expect(kept).toHaveLength(20_000);
  expect([kept[0], kept.at(-1)]).toEqual([{ n: 30_000 }, { n: 49_999 }]);
});
