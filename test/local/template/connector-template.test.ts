import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnResource } from 'aws-cdk-lib';
import { Tracing } from 'aws-cdk-lib/aws-lambda';
import { expect, it } from 'vitest';
import { Output } from '../../../contract/outputs';
import {
  ConnectorAlarms,
  ConnectorDashboard,
  ConnectorSignIn,
  Notifications,
  PowerAutomateConnectorStack,
} from '../../../lib';
import { startLocalStack } from '../../../local/stack';

it("runs the connector's template with all options, alarms and a dashboard", async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'connector-'));
  try {
    const app = new App({ outdir });
    const { connector } = new PowerAutomateConnectorStack(app, 'Connector', {
      notifications: Notifications.email('data-team@example.com'),
      tracing: Tracing.ACTIVE,
      archive: {},
      schemaRegistry: true,
      entraFederation: true,
    });
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
    const alarms = new ConnectorAlarms(connector, 'Alarms', { connector });
    new ConnectorDashboard(connector, 'Dashboard', { connector, alarms });
    app.synth();
    const stack = await startLocalStack({ templateFile: join(outdir, 'Connector.template.json') });
    try {
      expect(Object.keys(stack.outputs).toSorted()).toEqual(Object.values(Output).toSorted());
      await stack.runSchedules();
      await stack.whenIdle();
      expect(stack.deadLetters()).toEqual([]);
    } finally {
      await stack.stop();
    }
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}, 60_000);

it('rejects a resource of the template that it does not implement', async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'connector-'));
  try {
    const app = new App({ outdir });
    const stack = new PowerAutomateConnectorStack(app, 'Connector');
    new CfnResource(stack, 'Stream', { type: 'AWS::Kinesis::Stream' });
    app.synth();
    const start = () => startLocalStack({ templateFile: join(outdir, 'Connector.template.json') });
    await expect(start()).rejects.toThrow(
      'Stream: the local run does not implement the resource type AWS::Kinesis::Stream',
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}, 60_000);
