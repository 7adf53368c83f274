/**
 * A Lambda function behind a function URL. It reports every Fivetran sync to the connector.
 *
 * Create a webhook for the event `sync_end`, with a secret (https://fivetran.com/docs/rest-api/getting-started/webhooks). Store
 * the secret in Secrets Manager under the name in WEBHOOK_SECRET_NAME. Grant the function access to the secret, and call
 * `connector.grantPutEvents(function)`. Lambda's runtime contains the AWS SDK; bundle the rest.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { ConnectorEvents } from 'cdk-power-automate-connector/events';

const connector = new ConnectorEvents({ client: new EventBridge({}), eventBusName: process.env.EVENT_BUS_NAME });
const secrets = new SecretsManager({});
let secret;

/** Fivetran's statuses of a sync. The connector rejects any other, and Fivetran sends the webhook again. */
const STATUSES = {
  SUCCESSFUL: 'Successful',
  FAILURE: 'Failed',
  FAILURE_WITH_TASK: 'Failed',
  RESCHEDULED: 'Failed',
  CANCELED: 'Canceled',
};

export async function handler({ headers, body = '', isBase64Encoded }) {
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  secret ??= (await secrets.getSecretValue({ SecretId: process.env.WEBHOOK_SECRET_NAME })).SecretString;
  if (!isSigned(bytes, headers['x-fivetran-signature-256'])) return { statusCode: 401 };
  const { event, created, connector_id, connector_name, sync_id, data } = JSON.parse(bytes.toString());
  // Fivetran tests a new webhook with another event.
  if (event !== 'sync_end') return { statusCode: 200 };
  // If this throws, the response is 502, and Fivetran sends the webhook again.
  await connector.dataSourceRefreshed({
    dataSource: connector_name ?? connector_id,
    status: STATUSES[data.status] ?? data.status,
    willRetry: data.status === 'RESCHEDULED',
    runId: sync_id,
    endedAt: created,
    error: data.reason ?? undefined,
  });
  return { statusCode: 200 };
}

/** Verifies Fivetran's signature: the HMAC-SHA256 of the body, in hexadecimal. */
function isSigned(bytes, signature = '') {
  const given = Buffer.from(signature, 'hex');
  const expected = createHmac('sha256', secret).update(bytes).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}
