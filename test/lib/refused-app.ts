import { App, CfnResource } from 'aws-cdk-lib';
import { PowerAutomateConnectorStack } from '../../lib';

/** An app whose template CloudFormation would reject. */
const app = new App();
const stack = new PowerAutomateConnectorStack(app, 'Connector');
new CfnResource(stack, 'Wrong', { type: 'AWS::SQS::Queue', properties: { VisibilityTimeout: 'soon' } });
