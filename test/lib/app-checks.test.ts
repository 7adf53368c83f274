import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { PowerAutomateConnectorStack, ProducerForwarding } from '../../lib';
import { everythingConnector, everythingForwarding } from '../support/app/everything';
import {
  ACKNOWLEDGEMENTS,
  DEFAULT_ACKNOWLEDGEMENTS,
  nagFindings,
  nagProblems,
  OPTION_ACKNOWLEDGEMENTS,
  PRODUCER_ACKNOWLEDGEMENTS,
} from '../support/app/nag';
import { temporaryFolder } from '../support/temporary-files';

const ROOT = dirname(dirname(__dirname));

function connectorApp() {
  const app = new App();
  return { app, stack: new PowerAutomateConnectorStack(app, 'Connector') };
}

function everythingApp() {
  const app = new App();
  everythingConnector(app, { ownDomain: true });
  everythingForwarding(app);
  return app;
}

describe('cdk-nag', () => {
  it('has no unacknowledged finding in the app with every option', () => {
    expect(nagProblems(nagFindings(everythingApp()), [...ACKNOWLEDGEMENTS, ...OPTION_ACKNOWLEDGEMENTS])).toEqual([]);
  });

  it('has no unacknowledged finding in the default app, and needs each acknowledgement', () => {
    expect(nagProblems(nagFindings(connectorApp().app), [...ACKNOWLEDGEMENTS, ...DEFAULT_ACKNOWLEDGEMENTS])).toEqual(
      [],
    );
  });

  it('has no unacknowledged finding in the account of producers', () => {
    const app = new App();
    const connectorBusArn = 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data';
    new ProducerForwarding(new Stack(app, 'Producer'), 'ToPowerAutomate', { connectorBusArn });
    expect(nagProblems(nagFindings(app), PRODUCER_ACKNOWLEDGEMENTS)).toEqual([]);
  });

  it('reports unacknowledged findings', () => {
    const { app, stack } = connectorApp();
    new sqs.Queue(stack, 'Open');
    const role = new iam.Role(stack, 'Mighty', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
    const problems = nagProblems(nagFindings(app), [...ACKNOWLEDGEMENTS, ...DEFAULT_ACKNOWLEDGEMENTS]);
    for (const rule of ['SQS3', 'SQS4', 'IAM5[Action::s3:*]', 'IAM5[Resource::*]']) {
      expect(
        problems.some((one) => one.startsWith(`AwsSolutions-${rule} at Connector/`)),
        rule,
      ).toBe(true);
    }
  });

  it('reports an acknowledgement that is no longer needed', () => {
    const more = { rules: ['AwsSolutions-S1'], resources: /Bucket/, reason: 'The app has no bucket.' };
    const problems = nagProblems(nagFindings(connectorApp().app), [
      ...ACKNOWLEDGEMENTS,
      ...DEFAULT_ACKNOWLEDGEMENTS,
      more,
    ]);
    expect(problems).toEqual(['the acknowledgement of AwsSolutions-S1 for /Bucket/ has no finding: remove it']);
  });
});

describe('npm run synth', () => {
  async function synth(app: string): Promise<{ status: number; errors: string }> {
    // The handlers are already built, and other tests read them.
    const options = ['--app', `tsx ${app}`, '--build', 'true', '--output', temporaryFolder('app-checks')];
    const env = { ...process.env, CDK_VALIDATION: 'true' };
    const child = spawn('npm', ['run', 'synth', '--', ...options], { cwd: ROOT, env });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const [status] = await once(child, 'close');
    return { status, errors };
  }

  it('fails if CloudFormation would reject the template', async () => {
    const { status, errors } = await synth('test/lib/refused-app.ts');
    expect(errors).toContain("ERROR VisibilityTimeout: 'soon' is not of type 'integer'");
    expect(errors).toContain('Connector/Wrong');
    expect(status).toBe(1);
  });

  it('reports no error and no warning with every option', async () => {
    const { status, errors } = await synth('test/lib/everything-app.ts');
    expect(errors).not.toMatch(/ERROR|\[Warning/);
    expect(status, errors).toBe(0);
  });
});
