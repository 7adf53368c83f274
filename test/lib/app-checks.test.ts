import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import {
  ConnectorAlarms,
  ConnectorDashboard,
  FlowUrl,
  Notifications,
  PowerAutomateConnectorStack,
  Trigger,
} from '../../lib';
import { ACKNOWLEDGEMENTS, nagFindings, nagProblems, OF_DEFAULTS, OF_OPTIONS } from '../support/nag';
import { addEverySource } from '../support/sources';

const ROOT = dirname(dirname(__dirname));

function connectorApp() {
  const app = new App();
  const stack = new PowerAutomateConnectorStack(app, 'Connector');
  addEverySource(stack.connector);
  return { app, stack };
}

/** An app with everything that somebody may ask for. What is the user's own (a VPC, a topic) is theirs to be checked. */
function everythingApp() {
  const app = new App();
  const own = new Stack(app, 'Own');
  const encryptionKey = new kms.Key(own, 'Key', { enableKeyRotation: true });
  const flowUrls = new secretsmanager.Secret(own, 'FlowUrls', { encryptionKey });
  const stack = new PowerAutomateConnectorStack(app, 'Connector', {
    vpc: new ec2.Vpc(own, 'Vpc'),
    queueEncryptionKey: encryptionKey,
    flowSecrets: [flowUrls],
    entraFederation: true,
    notifications: Notifications.email('data-team@example.com'),
    tracing: lambda.Tracing.ACTIVE,
    archive: {},
  });
  const { connector } = stack;
  addEverySource(connector);
  const alarms = new ConnectorAlarms(stack, 'Alarms', { connector });
  new ConnectorDashboard(stack, 'Dashboard', { connector, alarms });
  connector.addSubscription('declared', {
    trigger: Trigger.dataSourceRefreshFailed(),
    flowUrl: FlowUrl.fromSecret(flowUrls),
  });
  return { app, stack };
}

describe('cdk-nag', () => {
  it('finds nothing in an app with everything that is not acknowledged', () => {
    const findings = nagFindings(everythingApp().app).filter(({ path }) => path.startsWith('Connector/'));
    expect(nagProblems(findings, [...ACKNOWLEDGEMENTS, ...OF_OPTIONS])).toEqual([]);
  });

  it('finds nothing that is not acknowledged, and all that is', () => {
    expect(nagProblems(nagFindings(connectorApp().app), [...ACKNOWLEDGEMENTS, ...OF_DEFAULTS])).toEqual([]);
  });

  it('tells of what is wrong and not acknowledged', () => {
    const { app, stack } = connectorApp();
    new sqs.Queue(stack, 'Open');
    const role = new iam.Role(stack, 'Mighty', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
    const problems = nagProblems(nagFindings(app), [...ACKNOWLEDGEMENTS, ...OF_DEFAULTS]);
    for (const rule of ['SQS3', 'SQS4', 'IAM5[Action::s3:*]', 'IAM5[Resource::*]']) {
      expect(
        problems.some((one) => one.startsWith(`AwsSolutions-${rule} at Connector/`)),
        rule,
      ).toBe(true);
    }
  });

  it('tells of an acknowledgement that nothing needs any more', () => {
    const more = { rules: ['AwsSolutions-S1'], resources: /Bucket/, reason: 'There is no bucket.' };
    const problems = nagProblems(nagFindings(connectorApp().app), [...ACKNOWLEDGEMENTS, ...OF_DEFAULTS, more]);
    expect(problems).toEqual([
      'nothing needs the acknowledgement of AwsSolutions-S1 for /Bucket/ any more: take it away',
    ]);
  });
});

describe('npm run synth', () => {
  it('fails where CloudFormation would refuse the template', async () => {
    const outdir = mkdtempSync(join(tmpdir(), 'app-checks-test-'));
    try {
      // The handlers are built, and other tests are reading them.
      const options = ['--app', 'tsx test/lib/refused-app.ts', '--build', 'true', '--output', outdir];
      const synth = spawn('npm', ['run', 'synth', '--', ...options], { cwd: ROOT });
      let errors = '';
      synth.stderr.on('data', (chunk) => {
        errors += chunk;
      });
      const [status] = await once(synth, 'close');
      expect(errors).toContain("ERROR VisibilityTimeout: 'soon' is not of type 'integer'");
      expect(errors).toContain('Connector/Wrong');
      expect(status).toBe(1);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
