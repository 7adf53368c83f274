import type { TriggerId } from '../../contract/events';
import { identityHash } from '../../lambda/shared/core/identity';
import { TRIGGER_TITLES } from '../subscriptions/triggers';
import type { ConnectorTrigger } from './connector-trigger';

export const FLOW_ACTIONS = ['teams', 'email'] as const;
export type FlowAction = (typeof FLOW_ACTIONS)[number];

export interface Channel {
  /** GUID of the team, which Teams calls groupId. */
  readonly teamId: string;
  /** Such as `19:0123abcd@thread.tacv2`. */
  readonly channelId: string;
}

export interface FlowSpec {
  readonly trigger: TriggerId;
  readonly action: FlowAction;
  /** Display name in Power Automate. */
  readonly name: string;
  /** Channel for `teams`. Undefined: the user selects it after the import. */
  readonly channel?: Channel;
  /** Recipients of `email` for subscriptions without owners. */
  readonly to: readonly string[];
  /** @default - the flow starts with the HTTP trigger */
  readonly connector?: ConnectorTrigger;
}

export const defaultFlowName = (trigger: TriggerId, action: FlowAction): string =>
  `${TRIGGER_TITLES[trigger]} - ${action === 'teams' ? 'Teams message' : 'e-mail'}`;

/** Maximum length of a name, characters: half the length that makes the file name too long for zip readers. */
export const MAX_NAME_LENGTH = 100;

/**
 * Identity of a flow: an import with the same trigger, action and name updates the flow. A flow with the trigger of the
 * custom connector is another one, because an update would remove the URL of the HTTP trigger.
 */
export const flowHash = ({ trigger, action, name, connector }: FlowSpec): string =>
  identityHash('flow', trigger, action, name, ...(connector ? ['connector'] : []));

/**
 * Parses a link from *Get link to channel* in Teams.
 * @returns undefined if it is not a link to a channel.
 */
export function channelOfLink(link: string): Channel | undefined {
  const url = URL.parse(link);
  if (!url || !/^teams\.(microsoft\.com|cloud\.microsoft)$/.test(url.hostname)) return undefined;
  const [, encoded = ''] = /^\/l\/channel\/([^/]+)/.exec(url.pathname) ?? [];
  const teamId = url.searchParams.get('groupId') ?? '';
  const channelId = decoded(encoded);
  if (!/^19:[\w.-]+@thread\.\w+$/.test(channelId)) return undefined;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(teamId) ? { teamId, channelId } : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
