import type { DefinedDetailType } from './events';

export interface EventPublisher {
  /** Puts an event of the connector's own on the bus. Rejects when the bus did not take it. */
  publish(detailType: DefinedDetailType, detail: Readonly<Record<string, unknown>>): Promise<void>;
}
