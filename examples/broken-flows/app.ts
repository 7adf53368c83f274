import { App, SecretValue } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { ConnectorSignIn, PowerAutomateConnectorStack } from '../../lib';

/**
 * A flow that starts when another flow breaks: it failed, did not report that it finished, was paused, or did not receive a
 * delivery. EventBridge calls it, so it also starts when the connector's own deliveries fail.
 */
const app = new App();
const stack = new PowerAutomateConnectorStack(app, 'BrokenFlows');
const { connector } = stack;
connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });

// The URL of the flow's trigger, up to the question mark. Its signature is in a secret.
const endpoint =
  'https://default00000000000000000000000000.00.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/00000000000000000000000000000000/triggers/manual/paths/invoke';
const connection = new events.Connection(stack, 'FlowConnection', {
  // EventBridge requires a header of this kind. The flow ignores it, and it is no secret.
  authorization: events.Authorization.apiKey('x-sender', SecretValue.unsafePlainText('power-automate-connector')),
  queryStringParameters: {
    'api-version': events.HttpParameter.fromString('1'),
    sp: events.HttpParameter.fromString('/triggers/manual/run'),
    sv: events.HttpParameter.fromString('1.0'),
    sig: events.HttpParameter.fromSecret(SecretValue.secretsManager('broken-flows', { jsonField: 'sig' })),
  },
});
const target = new targets.ApiDestination(new events.ApiDestination(stack, 'Flow', { connection, endpoint }), {
  event: events.RuleTargetInput.fromEventPath('$.detail'),
  deadLetterQueue: new sqs.Queue(stack, 'NotSent', { enforceSSL: true }),
});

connector.onDeliveryFailedInFlow('FailedInFlow', { target });
connector.onDeliveryUnconfirmed('Unconfirmed', { target });
connector.onDeliveryDead('Dead', { target });
connector.onSubscriptionPaused('Paused', { target });
