import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnResource } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { PowerAutomateConnectorStack } from '../../lib';
import { Output } from '../../lib/private/contract';
import { startLocalStack } from '../../local/stack';

it("runs the connector's own template", async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'connector-'));
  try {
    const app = new App({ outdir });
    // With everything that it may have.
    new PowerAutomateConnectorStack(app, 'Connector', { entraFederation: true });
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

it("refuses to start when the connector's template declares something that it does not implement", async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'connector-'));
  try {
    const app = new App({ outdir });
    const stack = new PowerAutomateConnectorStack(app, 'Connector');
    new CfnResource(stack, 'Topic', { type: 'AWS::SNS::Topic' });
    app.synth();
    const start = () => startLocalStack({ templateFile: join(outdir, 'Connector.template.json') });
    await expect(start()).rejects.toThrow('Topic: the local run does not implement the resource type AWS::SNS::Topic');
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}, 60_000);
