import { identityHash } from '../../shared/core/identity';
import { cut } from '../../shared/core/text';
import {
  checkFlowUrl,
  type FlowUrlOptions,
  isFlowHost,
  isIpAddress,
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

/** `checkFlowUrl` refuses addresses and the local machine, unless the local run allows it. */
const isAddress = (host: string): boolean => isIpAddress(host) || isLoopbackHost(host);

const isAllowed = (host: string, hosts: CallbackOptions['hosts']): boolean =>
  hosts ? hosts.some((suffix) => isUnder(host, suffix)) : isFlowHost(host) && !isUnder(host, OPEN_HOSTS);

/** Checks the callback URL that a trigger registers. Never throws. A reason quotes only the host of the URL. */
export function checkCallback(text: string, { hosts, loopback }: CallbackOptions = {}): Callback | { reason: string } {
  const given = URL.parse(text.trim())?.hostname;
  if (given && !isAddress(given) && !isAllowed(given, hosts)) {
    return {
      reason: `callbacks to ${cut(given, 100)} are not allowed: ask the operator of the connector to add the host`,
    };
  }
  const checked = checkFlowUrl(text, { loopback, extraHosts: hosts });
  if ('reason' in checked) return checked;
  const { url, host } = checked;
  const { hostname, pathname } = new URL(url);
  const [, workflow, trigger] = FLOW_PATH.exec(pathname) ?? [];
  // A path in another format does not identify the flow, so every URL is a flow of its own.
  const parts = workflow && trigger ? [hostname, workflow.toLowerCase(), trigger] : [url];
  return { url, host, subscription: `flow-${identityHash(...parts)}` };
}
