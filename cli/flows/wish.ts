import type { TriggerId } from '../../contract/events';
import { identityHash } from '../../lambda/shared/core/identity';

/** What a ready-made flow does with an event. */
export const THENS = ['teams', 'email'] as const;
export type Then = (typeof THENS)[number];

/** A channel of Microsoft Teams. */
export interface Channel {
  /** The team's id, a GUID; Teams calls it the group's. */
  readonly teamId: string;
  /** Such as `19:0123abcd@thread.tacv2`. */
  readonly channelId: string;
}

/** A ready-made flow that somebody wants. */
export interface FlowWish {
  readonly trigger: TriggerId;
  readonly by: Then;
  /** Its name in Power Automate. */
  readonly name: string;
  /** Where `teams` posts; left out: whoever imports the flow picks it there. */
  readonly channel?: Channel;
  /** Whom `email` writes to where a subscription has no owners. */
  readonly to: readonly string[];
}

const WHAT: Readonly<Record<TriggerId, string>> = {
  'data-source-refresh-failed': 'Data source refresh failed',
  'data-source-refresh-succeeded': 'Data source refresh succeeded',
  'segment-threshold-crossed': 'Segment threshold crossed',
  'measure-threshold-crossed': 'Measure threshold crossed',
  'full-refresh-completed': 'Full refresh completed',
  'unification-refresh-completed': 'Unification completed',
};

/** A flow's name where its author gives none. */
export const defaultName = (trigger: TriggerId, then: Then): string =>
  `${WHAT[trigger]} - ${then === 'teams' ? 'Teams message' : 'e-mail'}`;

/** Longest name, characters: half of what would make a file name too long for a zip's reader. */
export const MAX_NAME_LENGTH = 100;

/** The trigger and the name are the flow's identity: the same again is the same flow, which an import updates. */
export const flowHash = ({ trigger, by, name }: FlowWish): string => identityHash('flow', trigger, by, name);

/**
 * Reads what *Get link to channel* gives in Teams.
 * @returns undefined where it is no such link.
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
