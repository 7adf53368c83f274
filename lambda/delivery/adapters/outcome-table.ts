import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX } from '../../../contract/delivery';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../../contract/shared';
import { conditionHeld, type Item } from '../../shared/adapters/dynamodb';
import { type Outcome, placeOf } from '../core/outcomes/outcome';
import type { DeliveryKey, OutcomeRow, OutcomeStore } from '../core/ports';
import { FAILED_IN_FLOW, keyOf, OUTCOME_DUE, openDeliveries, openSince, UNCONFIRMED } from './open-deliveries';

const PARTITIONS = { due: OUTCOME_DUE, unconfirmed: UNCONFIRMED, failed: FAILED_IN_FLOW } as const;

/** The part of an update that moves an accepted delivery's row to the place of its outcome in the index. */
export function moveTo(outcome: Outcome | undefined): {
  readonly set: readonly string[];
  readonly remove: readonly string[];
  readonly values: Item;
} {
  const place = outcome && placeOf(outcome);
  if (!place) return { set: [], remove: ['#open', '#openSince'], values: {} };
  const values = { ':open': PARTITIONS[place.partition], ':openSince': place.since };
  return { set: ['#open = :open', '#openSince = :openSince'], remove: [], values };
}

/** The condition that a row's outcome is as it was read. The outcome's other fields change only together with these. */
export function outcomeUnchanged(read: Outcome | undefined): { readonly condition: string; readonly values: Item } {
  if (!read) return { condition: 'attribute_not_exists(outcome)', values: {} };
  const isTold = read.untold === undefined;
  return {
    condition: `outcome.#state = :readState AND ${isTold ? 'attribute_not_exists(outcome.untold)' : 'outcome.untold = :untold'}`,
    values: { ':readState': read.state, ...(!isTold && { ':untold': read.untold }) },
  };
}

/** An accepted delivery that the index lists. */
export interface ListedOutcome extends DeliveryKey {
  readonly state: 'unconfirmed' | 'failed';
  /** When the state was reached, epoch milliseconds. */
  readonly since: number;
}

/** Outcomes in the rows of the Deliveries table. */
export class OutcomeTable implements OutcomeStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly open = openDeliveries(client, table),
  ) {}

  async read({ subscription, eventId }: DeliveryKey): Promise<OutcomeRow | undefined> {
    const Key = { [PK]: subscription, [SK]: eventId };
    const { Item } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    if (!Item?.status) return undefined;
    const { uid, trigger, status, attempts = [], outcome, links = [] } = Item;
    return { uid, trigger, status, attempts, outcome, links: [...links] } as OutcomeRow;
  }

  async write({ subscription, eventId }: DeliveryKey, read: OutcomeRow, outcome: Outcome): Promise<boolean> {
    const unchanged = outcomeUnchanged(read.outcome);
    // Until the flow's response is recorded, the place in the index is that of the delivery.
    const move = read.status === 'delivered' ? moveTo(outcome) : { set: [], remove: [], values: {} };
    const names = {
      '#status': 'status',
      ...(read.outcome && { '#state': 'state' }),
      ...(read.status === 'delivered' && { '#open': OPEN_INDEX.partitionKey, '#openSince': OPEN_INDEX.sortKey }),
    };
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: subscription, [SK]: eventId },
      UpdateExpression: [
        `SET ${['outcome = :outcome', ...move.set].join(', ')}`,
        ...(move.remove.length > 0 ? [`REMOVE ${move.remove.join(', ')}`] : []),
      ].join(' '),
      ConditionExpression: `#status = :status AND ${unchanged.condition}`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: {
        ':outcome': outcome,
        ':status': read.status,
        ...unchanged.values,
        ...move.values,
      },
    });
    return conditionHeld(this.client.send(update));
  }

  /** Deliveries whose outcome the sweep must look at. Eventually consistent. */
  async due(now: number): Promise<DeliveryKey[]> {
    return (await this.open.list(OUTCOME_DUE, { before: now })).map(keyOf);
  }

  /** Deliveries that have been unconfirmed or failed since `from` (epoch milliseconds). Eventually consistent. */
  async listed(from: number): Promise<ListedOutcome[]> {
    const list = (partition: string) => this.open.list(partition, { from });
    const [unconfirmed, failed] = await Promise.all([list(UNCONFIRMED), list(FAILED_IN_FLOW)]);
    const listed = (state: ListedOutcome['state']) => (item: Item) => ({
      ...keyOf(item),
      state,
      since: openSince(item),
    });
    return [...unconfirmed.map(listed('unconfirmed')), ...failed.map(listed('failed'))];
  }
}
