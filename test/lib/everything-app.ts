import { App } from 'aws-cdk-lib';
import { addEverythingApi, everythingConnector } from '../support/app/everything';

/** An app with a connector that uses every feature. */
addEverythingApi(everythingConnector(new App()));
