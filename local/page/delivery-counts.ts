import type { DeliveryRow, DeliveryStatus } from '../../lambda/delivery/core/delivery';
import type { OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';

/** Numbers of the deliveries that pass through `count`. */
export class DeliveryCounts {
  readonly byStatus: Partial<Record<DeliveryStatus, number>> = {};
  /** By the outcome of the flow run. */
  readonly byOutcome: Partial<Record<OutcomeState, number>> = {};
  /** Held deliveries by subscription. */
  readonly held: Record<string, number> = {};

  async *count(rows: AsyncIterable<DeliveryRow>): AsyncGenerator<DeliveryRow> {
    for await (const row of rows) {
      const { status, subscription, outcome } = row;
      this.byStatus[status] = (this.byStatus[status] ?? 0) + 1;
      if (outcome) this.byOutcome[outcome.state] = (this.byOutcome[outcome.state] ?? 0) + 1;
      if (status === 'held') this.held[subscription] = (this.held[subscription] ?? 0) + 1;
      yield row;
    }
  }
}
