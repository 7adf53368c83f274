import { identityHash } from '../../shared/core/identity';
import {
  checkFlowUrl,
  type FlowUrlOptions,
  isLoopbackHost,
  isUnder,
  OPEN_HOSTS,
} from '../../subscriptions/core/flow-url';

/** The callback URL of a flow's trigger. */
export interface Callback {
  /** A credential: it starts the flow. */
  readonly url: string;
  readonly host: string;
  /**
   * Name of the flow's subscription: the same for each saved version of the flow, because only the version and the
   * signature of the URL change when a flow is saved.
   */
  readonly subscription: string;
}

export interface CallbackOptions extends Pick<FlowUrlOptions, 'loopback'> {
  /**
   * Host suffixes that callbacks may use.
   *
   * @default - all hosts of Power Automate and of Logic Apps (Consumption)
   */
  readonly hosts?: readonly string[];
}

/**
 * The workflow's id and the trigger's name in a callback's path, as Power Automate and Logic Apps write it:
 * `/workflows/<id>/triggers/<name>/versions/<version>/run`, in Power Automate behind `/powerautomate/automations/direct`.
 */
const FLOW_PATH = /\/workflows\/([0-9a-f]{32})\/triggers\/([^/]+)\//i;

/** Checks the callback URL that a trigger registers. Never throws. A reason quotes only the host of the URL. */
export function checkCallback(text: string, { hosts, loopback }: CallbackOptions = {}): Callback | { reason: string } {
  const checked = checkFlowUrl(text, { loopback, extraHosts: hosts });
  if ('reason' in checked) return checked;
  const { url, host } = checked;
  const { hostname, pathname } = new URL(url);
  const isLocal = loopback === true && isLoopbackHost(hostname);
  const isAllowed = hosts ? hosts.some((suffix) => isUnder(hostname, suffix)) : !isUnder(hostname, OPEN_HOSTS);
  if (!isLocal && !isAllowed) {
    return { reason: `callbacks to ${host} are not allowed: ask the operator of the connector to add the host` };
  }
  const [, workflow, trigger] = FLOW_PATH.exec(pathname) ?? [];
  // A path in another format does not identify the flow, so every URL is a flow of its own.
  const parts = workflow && trigger ? [hostname, workflow.toLowerCase(), trigger] : [url];
  return { url, host, subscription: `flow-${identityHash(...parts)}` };
}
