import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { PowerAutomateConnectorStack } from '../../lib';
import { Output } from '../../lib/private/contract';
import { startLocalStack } from '../../local/stack';

it("runs the connector's own template", async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'connector-'));
  try {
    const app = new App({ outdir });
    new PowerAutomateConnectorStack(app, 'Connector');
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
