import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { type Attributes, FAILED_CONDITION_UNITS, IndexWrites, leastReadUnits, READS, WRITES } from './capacity';

/** Cost of calls. */
export interface Usage {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly apiCalls: number;
}

/**
 * Counts the calls of SDK clients and the units that DynamoDB reports for them. A middleware requests and reads the units,
 * so code that uses the clients does not change.
 */
export class CallCounter {
  private readonly indexes: ReadonlyMap<string, IndexWrites>;
  private readUnits = 0;
  private writeUnits = 0;
  private apiCalls = 0;

  constructor(private readonly tables: readonly TableInput[]) {
    this.indexes = new Map(tables.map((table) => [table.TableName, new IndexWrites(table)]));
  }

  /**
   * Starts to count an SDK client's calls. Every write to the tables must go through a watched document client.
   * @param onCall called before each call.
   */
  watch(
    client: { readonly middlewareStack: object },
    onCall: (command: string, input: unknown) => void = () => {},
  ): void {
    const hasUnits = client instanceof DynamoDBDocumentClient;
    // Every client has this stack, with the types of its own inputs and outputs.
    (client.middlewareStack as MiddlewareStack).add(
      (next, context) => async (args) => {
        const command = String(context.commandName).replace(/Command$/, '');
        onCall(command, args.input);
        this.apiCalls++;
        if (!hasUnits) return next(args);
        if (!READS.has(command) && !WRITES.has(command)) throw new Error(`the cost of ${command} is unknown`);
        const input = { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as DynamoDbInput;
        // Index writes of an update depend on the item after the update.
        if (command === 'UpdateItem') input.ReturnValues ??= 'ALL_NEW';
        try {
          const result = await next({ ...args, input });
          this.count(command, input, result.output);
          return result;
        } catch (error) {
          if ((error as Error).name === 'ConditionalCheckFailedException') this.writeUnits += FAILED_CONDITION_UNITS;
          throw error;
        }
      },
      // Outermost: sees the values of the document client, and counts a call once despite retries of the SDK.
      { step: 'initialize', name: 'countCalls', priority: 'high' },
    );
  }

  /** The cost of the calls since the last call of `take`. */
  take(): Usage {
    const { readUnits, writeUnits, apiCalls } = this;
    this.readUnits = this.writeUnits = this.apiCalls = 0;
    return { readUnits, writeUnits, apiCalls };
  }

  private count(command: string, input: DynamoDbInput, output: DynamoDbOutput): void {
    const units = [output.ConsumedCapacity ?? []].flat().reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0);
    if (command === 'Query') this.readUnits += Math.max(units, leastReadUnits(input.ConsistentRead === true));
    else if (READS.has(command)) this.readUnits += units;
    else this.writeUnits += units + this.indexUnits(command, input, output);
  }

  private indexUnits(command: string, input: DynamoDbInput, output: DynamoDbOutput): number {
    const table = this.tables.find(({ TableName }) => TableName === input.TableName);
    if (!table?.GlobalSecondaryIndexes?.length) return 0;
    if (command === 'UpdateItem' && input.ReturnValues !== 'ALL_NEW') {
      throw new Error(`the index writes of an update that returns ${input.ReturnValues} are unknown`);
    }
    const item = command === 'PutItem' ? input.Item : command === 'UpdateItem' ? output.Attributes : undefined;
    return this.indexes.get(table.TableName)?.unitsOf((input.Key ?? input.Item) as Attributes, item) ?? 0;
  }
}

interface MiddlewareStack {
  add(
    middleware: (
      next: (args: Call) => Promise<{ readonly output: DynamoDbOutput }>,
      context: { readonly commandName?: string },
    ) => (args: Call) => Promise<{ readonly output: DynamoDbOutput }>,
    options: { readonly step: 'initialize'; readonly name: string; readonly priority: 'high' },
  ): void;
}

interface Call {
  readonly input: object;
}

interface DynamoDbInput {
  readonly TableName?: string;
  readonly Key?: Attributes;
  readonly Item?: Attributes;
  readonly ConsistentRead?: boolean;
  ReturnValues?: string;
}

interface DynamoDbOutput {
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
  readonly Attributes?: Attributes;
}
