import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { TableInput } from '../../../local/engines/services/dynamodb';
import { type Network, Worker } from '../world/network';
import type { World } from '../world/world';
import { copy, type Item } from './expressions';
import { CONDITION_FAILED, SimulatedTable, type TableEvents } from './table';

/** Longest time until an index shows a write. The drain of held deliveries relies on less than 70 seconds. */
const MAX_LAG_MS = 60_000;

/** Who makes a request, for observers of the tables. */
export interface TableObserver {
  readonly onWrite?: (table: string, before: Item | undefined, after: Item | undefined, by: Worker) => void;
  readonly onRead?: (table: string, key: Item, by: Worker) => void;
}

/** The tables of a connector, and document clients for them. */
export class SimulatedDynamoDb {
  readonly tables: ReadonlyMap<string, SimulatedTable>;
  private by = new Worker('no one');

  constructor(
    inputs: readonly TableInput[],
    private readonly world: World,
    private readonly network: Network,
    private readonly observer: TableObserver = {},
  ) {
    const lags = world.chance.of('lag');
    const events: TableEvents = {
      lag: () => (world.faults.happens('index lags') ? lags.between(1000, MAX_LAG_MS) : lags.mostlySmall(0, 100)),
      onWrite: (table, before, after) => observer.onWrite?.(table, before, after, this.by),
    };
    this.tables = new Map(inputs.map((input) => [input.TableName, new SimulatedTable(input, world.clock, events)]));
  }

  table(name: string | undefined): SimulatedTable {
    const table = this.tables.get(name ?? '');
    if (!table) throw named('ResourceNotFoundException', `there is no table ${name}`);
    return table;
  }

  /** A client whose calls go over the network. The SDK's paginators accept it. */
  client(worker: Worker): DynamoDBDocumentClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command, worker), {
        refused: 'table throttled',
        answerLost: 'table answer lost',
        // A repeated read only takes longer.
        ...(/^(Put|Update|Delete)/.test(command.constructor.name) && {
          repeated: 'table answer lost, request repeated',
        }),
        error: () => named('ProvisionedThroughputExceededException', 'the simulated table is throttled'),
      });
    return Object.create(DynamoDBDocumentClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  private perform(command: object, worker: Worker): unknown {
    this.by = worker;
    if (command instanceof GetCommand) {
      const { TableName, Key = {}, ConsistentRead } = command.input;
      this.observer.onRead?.(TableName as string, Key, worker);
      return { Item: this.table(TableName).get(Key, ConsistentRead ?? false) };
    }
    if (command instanceof BatchGetCommand) return this.batchGet(command, worker);
    if (command instanceof PutCommand) {
      const { TableName, Item = {} } = command.input;
      return outcome(this.table(TableName).put(Item, requestOf(command.input)));
    }
    if (command instanceof UpdateCommand) {
      const { TableName, Key = {}, UpdateExpression = '', ReturnValues } = command.input;
      const result = this.table(TableName).update(Key, UpdateExpression, requestOf(command.input));
      return outcome(result, ReturnValues !== undefined);
    }
    if (command instanceof DeleteCommand) {
      const { TableName, Key = {} } = command.input;
      return outcome(this.table(TableName).delete(Key, requestOf(command.input)));
    }
    if (command instanceof QueryCommand) {
      const {
        TableName,
        IndexName,
        KeyConditionExpression = '',
        FilterExpression,
        Limit,
        ConsistentRead,
        ScanIndexForward,
      } = command.input;
      const { names, values } = requestOf(command.input);
      const where = { index: IndexName, key: KeyConditionExpression, filter: FilterExpression };
      const descending = ScanIndexForward === false;
      return {
        Items: this.table(TableName).query({
          ...where,
          limit: Limit,
          consistent: ConsistentRead,
          descending,
          names,
          values,
        }),
      };
    }
    throw new TypeError(`the simulated DynamoDB does not implement ${command.constructor.name}`);
  }

  /** Reads each item by itself, and can leave keys unprocessed (API reference, BatchGetItem). */
  private batchGet(command: BatchGetCommand, worker: Worker): unknown {
    const responses: Record<string, Item[]> = {};
    const unprocessed: Record<string, { Keys: Item[] }> = {};
    for (const [name, { Keys = [], ConsistentRead }] of Object.entries(command.input.RequestItems ?? {})) {
      const table = this.table(name);
      const read = this.world.faults.happens('batch read partly unprocessed')
        ? Math.floor(Keys.length / 2)
        : Keys.length;
      for (const key of Keys.slice(0, read)) {
        this.observer.onRead?.(name, key, worker);
        const item = table.get(key, ConsistentRead ?? false);
        if (item) responses[name] = [...(responses[name] ?? []), item];
      }
      if (read < Keys.length) unprocessed[name] = { Keys: Keys.slice(read) };
    }
    return { Responses: responses, UnprocessedKeys: unprocessed };
  }
}

const requestOf = (input: {
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}) => ({
  condition: input.ConditionExpression,
  names: input.ExpressionAttributeNames,
  values: input.ExpressionAttributeValues,
});

function outcome(result: Item | typeof CONDITION_FAILED | undefined, returnsItem = false): { Attributes?: Item } {
  if (result !== CONDITION_FAILED) return returnsItem ? { Attributes: copy(result) } : {};
  throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
}

export const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
