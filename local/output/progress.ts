import { LogMessage } from '../../lambda/shared/core/log-messages';
import { jsonObject } from '../shared/json';

const DELIVERY_FINISHED: readonly string[] = [LogMessage.DELIVERED, LogMessage.DEAD, LogMessage.HELD];
const EVENT_FINISHED: readonly string[] = [
  LogMessage.MATCHED,
  LogMessage.UNMATCHED,
  LogMessage.REJECTED,
  LogMessage.NORMALIZED,
];

/**
 * Counts finished work in the handlers' log lines. Failed or postponed attempts do not count, because a failing flow
 * would otherwise prevent the end of the run for days.
 */
export class Progress {
  /** Deliveries that are delivered, dead or held. */
  deliveries = 0;

  /** Records a log line of a handler. Returns whether it reports finished work. */
  record(line: string): boolean {
    // Metrics are the most frequent lines.
    const message = line.includes('"_aws":') ? undefined : jsonObject(line)?.message;
    if (typeof message !== 'string') return false;
    const isDelivery = DELIVERY_FINISHED.includes(message);
    if (isDelivery) this.deliveries++;
    return isDelivery || EVENT_FINISHED.includes(message);
  }
}
