import { LogMessage } from '../../lambda/shared/core/log-messages';

const DELIVERY_ENDED: readonly string[] = [LogMessage.DELIVERED, LogMessage.DEAD, LogMessage.HELD];
const EVENT_ENDED: readonly string[] = [
  LogMessage.MATCHED,
  LogMessage.UNMATCHED,
  LogMessage.REJECTED,
  LogMessage.NORMALIZED,
];

/**
 * Counts finished work by the handlers' log lines. A try that failed or was put off finishes nothing: a flow that is down
 * would look busy for days.
 */
export class Progress {
  /** Deliveries that were delivered, died or are held. */
  deliveries = 0;

  /** Takes a line of a handler's log. @returns whether it says that a piece of work is finished. */
  record(line: string): boolean {
    const message = messageOf(line);
    if (message === undefined) return false;
    const isDelivery = DELIVERY_ENDED.includes(message);
    if (isDelivery) this.deliveries++;
    return isDelivery || EVENT_ENDED.includes(message);
  }
}

function messageOf(line: string): string | undefined {
  try {
    return JSON.parse(line)?.message;
  } catch {
    return undefined;
  }
}
