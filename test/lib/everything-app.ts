import { App } from 'aws-cdk-lib';
import { everythingConnector } from '../support/app/everything';

/** An app of a connector with everything that it may have. */
everythingConnector(new App());
