import { API_KEY_HEADER, type SignInSettings } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import { apiClient } from '../page/designer/api-client';
import { type Designer, startDesigner } from '../page/designer/designer';
import { flowIds } from '../page/designer/flow-ids';
import type { LocalStack } from '../stack';

export interface DesignerPorts {
  /**
   * The exported definition of the connector.
   * @param apiUrl URL of the API, without a path.
   * @param actions output of the stack with the API's actions.
   */
  readonly exportDefinition: (apiUrl: string, actions: string | undefined) => unknown;
  /** Creates a key of the API. */
  readonly createKey: () => Promise<string>;
  /** Called when a flow or its runs changed. */
  readonly onChange: () => void;
}

/** Starts the designer of the page. Undefined: the connector has no API, or one that accepts no keys. */
export async function runDesigner(
  { endpoint, outputs }: Pick<LocalStack, 'endpoint' | 'outputs'>,
  { exportDefinition, createKey, onChange }: DesignerPorts,
): Promise<Designer | undefined> {
  const { [Output.CONNECTOR_API_URL]: apiUrl, [Output.CONNECTOR_API_SIGN_IN]: signIn = '{}' } = outputs;
  if (apiUrl === undefined || !(JSON.parse(signIn) as Partial<SignInSettings>).keys) return undefined;
  return startDesigner({
    ...{
      document: exportDefinition(apiUrl, outputs[Output.CONNECTOR_API_ACTIONS]),
      createKey,
      keyHeader: API_KEY_HEADER,
    },
    ...{ send: apiClient, callbackBase: endpoint, ids: flowIds, onChange },
  });
}
