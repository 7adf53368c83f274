import { App } from 'aws-cdk-lib';
import { everythingConnector, everythingForwarding } from '../support/app/everything';

/** An app with a connector that uses every feature, and a stack that forwards sources. */
const app = new App();
everythingConnector(app, { ownDomain: true });
everythingForwarding(app);
