import { App, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { PowerAutomateConnector, Producer, ProducerForwarding } from '../../lib';

/**
 * One connector for an organization. Its bus accepts the events of the accounts in one organizational unit. Two accounts forward
 * the events of their producers to it: Sales is in this unit, and Sandbox is not. Run it locally:
 *
 *   npm start -- --app examples/organization/app.ts --once
 *
 * `organization.json` has the places of the accounts, and the events that their producers put. The bus refuses those of Sandbox.
 */
const app = new App();

const platform = new Stack(app, 'Platform', { env: { account: '999988887777', region: 'eu-west-1' } });
const eventBus = new events.EventBus(platform, 'CustomerData', { eventBusName: 'customer-data' });
const connector = new PowerAutomateConnector(platform, 'PowerAutomate', { eventBus });
// The page of the local run and the commands find the connector by these outputs.
connector.addOutputs();
connector.allowProducers(Producer.organization('o-a1b2c3d4e5', { path: 'r-ab12/ou-ab12-11111111' }));

// CloudFormation has no references between accounts, so the ARN is built from the bus's name.
const connectorBusArn = 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data';
const producers = {
  Sales: { account: '111122223333', region: 'eu-central-1' },
  Sandbox: { account: '444455556666', region: 'eu-west-1' },
};
for (const [id, env] of Object.entries(producers)) {
  new ProducerForwarding(new Stack(app, id, { env }), 'ToPowerAutomate', { connectorBusArn });
}
