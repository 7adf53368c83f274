import { App } from 'aws-cdk-lib';
import { ConnectorSignIn, PowerAutomateConnectorStack } from '../../lib';

/**
 * A connector with the API of a custom connector for Power Automate. Flows register themselves when their author saves them,
 * and sign in with an API key.
 */
const app = new App();
const { connector } = new PowerAutomateConnectorStack(app, 'CustomConnector');
connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
