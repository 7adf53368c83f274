import { actionsIn } from '../../cli/custom-connector/connector-api';
import { API_BASE_PATH, API_KEY_HEADER, type SignInSettings } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import { TRIGGER_OPERATIONS } from '../../lambda/custom-connector/core/definition/operation-ids';
import { DesignerRoute } from '../page/routes';
import type { LocalStack } from '../stack';
import type { LocalConnector } from '../stack/connector';

/**
 * Commands that use the API of the custom connector. Creates a key for them. Undefined if the stack has no API, or one that
 * accepts no keys.
 */
export async function connectorApiSteps(
  { outputs, endpoint }: Pick<LocalStack, 'outputs' | 'endpoint'>,
  { createKey }: Pick<LocalConnector, 'createKey'>,
): Promise<string | undefined> {
  const { [Output.CONNECTOR_API_URL]: url, [Output.CONNECTOR_API_SIGN_IN]: signIn = '{}' } = outputs;
  if (url === undefined || !(JSON.parse(signIn) as Partial<SignInSettings>).keys) return undefined;
  const key = await createKey('local');
  const header = `-H '${API_KEY_HEADER}: ${key}'`;
  const body = JSON.stringify({
    segment: 'VIP customers',
    direction: 'above',
    level: 10_000,
    callbackUrl: `${endpoint}/flows/registered-by-curl`,
  });
  const base = `${url}${API_BASE_PATH}`;
  const reports = actionsIn(outputs[Output.CONNECTOR_API_ACTIONS]).includes('report-outcomes');
  return `The API of the custom connector is at ${url}. Its key for this run: ${key}

List the segments, register a flow, and unregister it:

  curl -s ${base}/segments ${header}; echo

  LOCATION=$(curl -s -o /dev/null -D - ${base}/triggers/segment-threshold-crossed ${header} \\
    -H 'content-type: application/json' -d '${body}' | tr -d '\\r' | awk 'tolower($1) == "location:" { print $2 }'); echo $LOCATION

  curl -s -o /dev/null -w '%{http_code}\\n' -X DELETE $LOCATION

${reports ? `${reportingSteps(endpoint)}\n` : ''}The page shows the connector as a flow author sees it: ${endpoint}/#designer
`;
}

/** Commands that show which runs of a flow failed or did not report. The page's designer runs the flow. */
const reportingSteps = (
  endpoint: string,
): string => `Save a flow of which one run in five fails and one in ten never reports, and start it ten times. Two minutes later,
list has the numbers of failed and unconfirmed runs, and deliveries has the runs:

  curl -s -o /dev/null ${endpoint}${DesignerRoute.SAVE} -H 'origin: ${endpoint}' \\
    -d trigger=${TRIGGER_OPERATIONS['data-source-refresh-failed']} -d name='Unreliable flow' -d reporting=unreliable -d field.finishWithin=1m

  for RUN in 1 2 3 4 5 6 7 8 9 10; do npm run -s connector -- emit DataSourceRefreshed --local \\
    --set dataSource=Orders --set status=Failed; done

  npm run -s connector -- list --local
  npm run -s connector -- deliveries --local
`;
