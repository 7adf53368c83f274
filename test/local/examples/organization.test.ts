import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../../cli/connector/local-run';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { LocalRun } from '../../support/local-run';

const BUS = 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data';
const REFUSED =
  /NO_PERMISSIONS: User: arn:aws:iam::444455556666:role\/\S+ is not authorized to perform: events:PutEvents on resource: arn:aws:events:eu-west-1:999988887777:event-bus\/customer-data because no resource-based policy allows/;

describe('npm start -- --app examples/organization/app.ts', () => {
  let run: LocalRun;
  /** Endpoints by the name of the stack. */
  const endpoints: Record<string, string> = {};
  beforeAll(async () => {
    run = await LocalRun.start(['--app', 'examples/organization/app.ts']);
    await run.says(/Press Ctrl-C to stop/);
    endpoints.Platform = /The connector runs at (\S+)/.exec(run.out)?.[1] ?? '';
    for (const [, name, endpoint] of run.out.matchAll(/^(\w+) runs at (\S+), in account \d+/gm)) {
      endpoints[String(name)] = String(endpoint);
    }
  });
  afterAll(async () => {
    run.process.kill('SIGINT');
    await run.status();
  });

  /** Puts an event as a producer in the account of the stack. */
  async function put(stack: string, dataSource: string, EventBusName?: string) {
    const client = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: endpoints[stack] });
    const Detail = JSON.stringify({ dataSource, status: 'Failed', runId: 'run', error: 'No space left' });
    const entry = { Source: 'customer-insights', DetailType: 'DataSourceRefreshed', Detail, EventBusName };
    const { Entries } = await client.send(new PutEventsCommand({ Entries: [entry] }));
    client.destroy();
    return Entries?.[0];
  }

  it('delivers all events of the allowed account, which are those of the retailer', () => {
    expect(run.out).toContain('Putting 61 events from examples/retailer/events.jsonl in account 111122223333');
    expect(run.out).toContain('62 events put, 2 rejected, 8 crossings, 22 deliveries');
    expect(run.out).not.toMatch(/Problems|dead {2}/);
  });

  it('prints the refusal when it happens and in the summary', () => {
    expect(run.out).toMatch(new RegExp(`refused +DataSourceRefreshed of account 444455556666: ${REFUSED.source}`));
    expect(run.out).toMatch(
      new RegExp(`Rejected events, kept in a dead-letter queue with the reason\\n.*\\n {2}${REFUSED.source}`),
    );
  });

  it('shows the refusal on the page', async () => {
    expect(await (await fetch(endpoints.Platform as string)).text()).toMatch(REFUSED);
  });

  it('has the refused event in the dead-letter queue of the forwarding rule, with the reason', async () => {
    const response = await fetch(`${endpoints.Sandbox}${LOCAL_RUN_ROUTE}`);
    const { endpoints: urls } = (await response.json()) as LocalRunDescription;
    const client = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: urls.sqs });
    const { QueueUrls: [QueueUrl] = [] } = await client.send(new ListQueuesCommand({}));
    const request = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], VisibilityTimeout: 0 });
    const { Messages: [message] = [] } = await client.send(request);
    client.destroy();
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ account: '444455556666', detail: { runId: 'sandbox-1' } });
    expect(message?.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
      ERROR_MESSAGE: { StringValue: expect.stringContaining('no resource-based policy allows') },
      RULE_ARN: { StringValue: expect.stringMatching(/^arn:aws:events:eu-west-1:444455556666:rule\/Sandbox-/) },
      TARGET_ARN: { StringValue: BUS },
    });
  });

  it('forwards what a producer in the allowed account puts on its default bus', async () => {
    expect((await put('Sales', 'Orders'))?.EventId).toBeDefined();
    await run.says(/(delivered data-source-refresh-failed +Orders +→ tell-the-data-team[\s\S]*){2}/);
  });

  it('denies PutEvents on the bus to an account that is not allowed, and to another Region', async () => {
    expect(await put('Sandbox', 'Orders', BUS)).toMatchObject({ ErrorCode: 'AccessDeniedException' });
    expect(await put('Sales', 'Orders', BUS)).toMatchObject({ ErrorCode: 'ResourceNotFoundException' });
  });
});
