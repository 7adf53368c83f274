import { App } from 'aws-cdk-lib';
import { PowerAutomateConnectorStack } from '../lib';

/** App for `cdk deploy`: one connector with its own bus, in the account and Region of the CLI's credentials. */
const app = new App();
new PowerAutomateConnectorStack(app, 'PowerAutomateConnector', {
  description: 'Starts Power Automate flows when customer data changes',
});
