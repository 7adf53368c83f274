import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLocal } from '../../support/local-run';
import { FlowReceiverServer } from '../../support/servers/flow-receiver-server';
import { temporaryFolder } from '../../support/temporary-files';

const ROOT = join(__dirname, '../../..');
const EXAMPLE = 'examples/declared-subscriptions/app.ts';
const ORGANIZATION = 'examples/organization/organization.json';
const folder = temporaryFolder('app');
let server: FlowReceiverServer;
beforeAll(async () => {
  server = await FlowReceiverServer.start();
});
afterAll(() => server.stop());

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const local = (...args: string[]) => runLocal(args, { FLOW_URLS: server.secret('data-team', 'marketing') });

const EVENTS = [
  ['DataSourceRefreshed', { dataSource: 'Orders', status: 'Failed', runId: 'run-1', error: 'No space left' }],
  ['SegmentRefreshed', { segment: 'VIP customers', memberCount: 12_000, observedAt: '2026-11-01T00:00:00Z' }],
  ['MeasureRefreshed', { measure: 'Revenue yesterday', value: 120_000, observedAt: '2026-11-01T00:00:00Z' }],
  ['MeasureRefreshed', { measure: 'Revenue yesterday', value: 90_000, observedAt: '2026-11-02T00:00:00Z' }],
].map(([DetailType, Detail]) => JSON.stringify({ Source: 'customer-insights', DetailType, Detail }));

describe('npm start -- --app', () => {
  it('runs the example: declared subscriptions start their flows, with the URLs in the secret that they name', async () => {
    const events = file('events.jsonl', EVENTS.join('\n'));
    const subscriptions = file(
      'more.yaml',
      `subscriptions:\n  - { name: more, trigger: data-source-refresh-failed, flowUrl: "\${LOCAL_FLOWS}/more" }\n`,
    );
    const args = ['--app', EXAMPLE, '--secret', 'crm/flow-urls=FLOW_URLS', '--once', '--json'];
    const { status, out, err } = await local(...args, '--events', events, '--subscriptions', subscriptions);
    expect(status, err).toBe(0);
    const summary = JSON.parse(out);
    expect(summary.events).toEqual({ put: 4, rejected: 0 });
    expect(
      summary.deliveries.map(({ subscription, status }: Record<string, string>) => `${status} ${subscription}`).sort(),
    ).toEqual(['delivered TellTheDataTeam', 'delivered VipOver10k', 'delivered more']);
    expect(summary.crossings.map(({ subject }: Record<string, string>) => subject)).toEqual([
      'VIP customers',
      'Revenue yesterday',
    ]);
    expect(server.flows.received.map(({ flow }) => flow).sort()).toEqual(['data-team', 'marketing']);
    expect(server.flows.received.find(({ flow }) => flow === 'data-team')?.body).toMatchObject({ type: 'message' });
    expect(err).toContain('3 subscriptions declared in DeclaredSubscriptions');
    expect(out + err).not.toContain('0123456789-');
  });

  it('names the declared subscriptions that did not receive their event', async () => {
    const events = file('events.jsonl', EVENTS[0] as string);
    const { status, err } = await local('--app', EXAMPLE, '--once', '--json', '--wait', '1', '--events', events);
    expect(status).toBe(1);
    expect(err).toMatch(/data-source-refresh-failed → TellTheDataTeam/);
  });

  const APP = `
import { App, CfnResource, Stack } from '${ROOT}/node_modules/aws-cdk-lib';
import { PowerAutomateConnector, Threshold, Trigger } from '${ROOT}/lib';
const app = new App();
`;
  const VIP = (threshold: string) =>
    `{ trigger: Trigger.segmentThresholdCrossed({ segment: 'A', threshold: ${threshold} }), link: 'no link' }`;
  const failing: [string, string, string[], RegExp][] = [
    [
      'a declared subscription that cannot be',
      `new PowerAutomateConnector(new Stack(app, 'Shop'), 'C').addSubscription('Vip', ${VIP('Threshold.above(1)')});`,
      [],
      /^CVip\w+ \(Custom::FlowSubscription\): "link" is "no link"; write a web address that starts with https:\/\/$/m,
    ],
    [
      'several stacks with a connector',
      "for (const id of ['Shop', 'Web']) new PowerAutomateConnector(new Stack(app, id), 'C');",
      [],
      /^2 stacks of the app have connectors: choose one with --stack: Shop, Web$/m,
    ],
    [
      'a stack that is not there',
      "new PowerAutomateConnector(new Stack(app, 'Shop', { stackName: 'shop-test' }), 'C');",
      ['--stack', 'Shpo'],
      /has no stack Shpo: choose one with --stack: Shop$/m,
    ],
    [
      'no connector',
      "new CfnResource(new Stack(app, 'Shop'), 'Queue', { type: 'AWS::SQS::Queue' });",
      [],
      /^Shop has no connector: add a PowerAutomateConnector$/m,
    ],
    [
      'two connectors',
      "const stack = new Stack(app, 'Shop'); for (const id of ['A', 'B']) new PowerAutomateConnector(stack, id);",
      [],
      /^Shop has 2 connectors: the local run supports only one$/m,
    ],
    [
      'events of an account without a stack',
      "new PowerAutomateConnector(new Stack(app, 'Shop'), 'C');",
      ['--organization', ORGANIZATION],
      /^examples\/retailer\/events\.jsonl has events of account 111122223333, which has no stack in the app$/m,
    ],
    ['no stack', '', [], /synthesized no stack: it must create an App/],
    ['an error', "throw new Error('out of luck');", [], /could not be synthesized:[\s\S]*out of luck/],
  ];
  it.each(failing)('reports %s', async (_, code, args, message) => {
    const { status, err } = await local('--app', file('app.mts', APP + code), '--once', ...args);
    expect(status).toBe(2);
    expect(err).toMatch(message);
  });

  it.each([
    ['--stack without --app', ['--stack', 'Shop'], /^--stack requires --app: write --app FILE --stack NAME$/m],
    ['a file that is not there', ['--app', 'nowhere.ts'], /^nowhere\.ts does not exist$/m],
  ])('reports %s', async (_, args, message) => {
    const { status, err } = await local(...args);
    expect(status).toBe(2);
    expect(err).toMatch(message);
  });

  it('runs the named stack, without the events of the retailer example and of accounts that do not run', async () => {
    const code = "for (const id of ['Shop', 'Web']) new PowerAutomateConnector(new Stack(app, id), 'C');";
    const { status, out, err } = await local(
      '--app',
      file('app.mts', APP + code),
      '--stack',
      'Web',
      '--organization',
      ORGANIZATION,
      '--once',
      '--json',
    );
    expect(status, err).toBe(0);
    expect(JSON.parse(out)).toEqual({ events: { put: 0, rejected: 0 }, crossings: [], deliveries: [] });
  });
});
