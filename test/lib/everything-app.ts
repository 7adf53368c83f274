import { App } from 'aws-cdk-lib';
import { everythingConnector } from '../support/app/everything';

/** An app with a connector that uses every feature. */
everythingConnector(new App(), { ownDomain: true });
