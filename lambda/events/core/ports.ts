import type { LISTED_RUNS } from '../../../contract/sources';
import type { DefinedDetailType } from './events';

export interface EventPublisher {
  /** Puts one of the connector's own events on the bus. Rejects if the bus does not accept it. */
  publish(
    detailType: DefinedDetailType | typeof LISTED_RUNS.detailType,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void>;
}
