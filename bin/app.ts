import { App } from 'aws-cdk-lib';
import { PowerAutomateConnectorStack } from '../lib';

/** What `cdk deploy` deploys: one connector, with its own bus, to the account and Region of the CLI's credentials. */
const app = new App();
new PowerAutomateConnectorStack(app, 'PowerAutomateConnector', {
  description: 'Starts Power Automate flows when customer data changes',
});
