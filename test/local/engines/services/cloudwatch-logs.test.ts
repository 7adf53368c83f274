import { describe, expect, it } from 'vitest';
import { cloudWatchLogsOperations } from '../../../../local/engines/services/cloudwatch-logs';
import { LogStore } from '../../../../local/engines/services/log-store';

const record = (message: string, at: number) => JSON.stringify({ timestamp: new Date(at).toISOString(), message });

describe('the log store', () => {
  it('keeps the newest 20,000 structured lines of each group, and ignores other lines', () => {
    const logs = new LogStore();
    for (const line of ['START RequestId', '{"_aws":{"Timestamp":1}}', '{cut off', '{"message":"no time"}', 'null']) {
      logs.store('group', line);
    }
    expect(logs.records('group')).toEqual([]);
    logs.store('other', record('elsewhere', 1000));
    for (let n = 0; n < 50_000; n++) logs.store('group', record(String(n), 1000));
    const kept = logs.records('group').map(({ message }) => message);
    expect(kept).toHaveLength(20_000);
    expect([kept[0], kept.at(-1)]).toEqual(['30000', '49999']);
    expect(logs.records('other').map(({ message }) => message)).toEqual(['elsewhere']);
  });
});

describe('a log query', () => {
  const logs = new LogStore();
  for (const [message, at] of [
    ['a', 1000],
    ['b', 2000],
    ['a', 3999],
    ['a', 4000],
    ['c', 3000],
  ] as const) {
    logs.store('group', record(message, at));
  }
  const operations = cloudWatchLogsOperations(logs);
  const start = async (query: object) =>
    (await operations['Logs_20140328.StartQuery']?.({ logGroupNames: ['group', 'none'], ...query })) as {
      queryId: string;
    };
  const poll = (queryId: string) => operations['Logs_20140328.GetQueryResults']?.({ queryId });
  const queryString = 'fields @message | filter message in ["a","b"] | sort @timestamp desc | limit 2';

  it('is running at the first poll, then returns the newest records as rows of fields', async () => {
    const { queryId } = await start({ queryString, startTime: 1, endTime: 3 });
    expect(await poll(queryId)).toEqual({ status: 'Running', results: [] });
    const results = [record('a', 3999), record('b', 2000)].map((value) => [{ field: '@message', value }]);
    expect(await poll(queryId)).toEqual({ status: 'Complete', results });
    expect(() => poll(queryId)).toThrow('Unknown query id');
  });

  it('is rejected in any other form', async () => {
    await expect(start({ queryString: 'stats count(*) by subject', startTime: 0, endTime: 9 })).rejects.toThrow(
      'only the queries of the CLI',
    );
  });
});
