import { App } from 'aws-cdk-lib';
import { everythingConnector } from '../support/everything';

/** An app of a connector with everything that it may have. */
everythingConnector(new App());
