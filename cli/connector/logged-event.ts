import { DomainEvent } from '../../contract/events';

/** Detail types of the events that start the triggers without a threshold. */
export const DETAIL_TYPES: Readonly<Record<string, string>> = {
  'data-source-refresh-failed': DomainEvent.DATA_SOURCE_REFRESHED,
  'data-source-refresh-succeeded': DomainEvent.DATA_SOURCE_REFRESHED,
  'full-refresh-completed': DomainEvent.FULL_REFRESHED,
  'unification-refresh-completed': DomainEvent.UNIFICATION_REFRESHED,
};

/** The detail type of an event that `dispatch` logged: a line of a trigger does not repeat it. */
export const detailTypeOf = ({ detailType, trigger }: Readonly<Record<string, unknown>>): unknown =>
  detailType ?? DETAIL_TYPES[String(trigger)];

/** The filter of a CloudWatch Logs Insights query for the events of a detail type. */
export function eventFilter(detailType: string): string {
  const triggers = Object.keys(DETAIL_TYPES).filter((trigger) => DETAIL_TYPES[trigger] === detailType);
  return `filter detailType = "${detailType}" or trigger in ${JSON.stringify(triggers)}`;
}
