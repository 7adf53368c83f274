import { App } from 'aws-cdk-lib';
import { ConnectorSignIn, PowerAutomateConnectorStack } from '../../lib';

/** A connector with the API of a custom connector: flows register themselves with an API key. */
const app = new App();
const { connector } = new PowerAutomateConnectorStack(app, 'CustomConnector');
connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
