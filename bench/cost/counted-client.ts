import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { type Attributes, FAILED_CONDITION_UNITS, IndexWrites, leastReadUnits, READS, WRITES } from './capacity';

/** What calls cost. */
export interface Usage {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly apiCalls: number;
}

/**
 * Counts calls of SDK clients, and what DynamoDB says that they cost. The clients' users stay as they are: a middleware
 * asks for the figures and reads them.
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
   * Counts an SDK client's calls from now on; every write to the tables must go through a watched document client. `see` is
   * shown each call before it is made.
   */
  watch(client: { readonly middlewareStack: object }, see: (command: string, input: unknown) => void = () => {}): void {
    const hasUnits = client instanceof DynamoDBDocumentClient;
    // Every client has this stack, typed with its own inputs and outputs.
    (client.middlewareStack as MiddlewareStack).add(
      (next, context) => async (args) => {
        const command = String(context.commandName).replace(/Command$/, '');
        see(command, args.input);
        this.apiCalls++;
        if (!hasUnits) return next(args);
        if (!READS.has(command) && !WRITES.has(command)) throw new Error(`nobody knows yet what a ${command} costs`);
        const input = { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as DynamoDbInput;
        // An update's outcome in the indexes is seen in the item that it leaves.
        if (command === 'UpdateItem') input.ReturnValues ??= 'ALL_NEW';
        try {
          const answer = await next({ ...args, input });
          this.count(command, input, answer.output);
          return answer;
        } catch (error) {
          if ((error as Error).name === 'ConditionalCheckFailedException') this.writeUnits += FAILED_CONDITION_UNITS;
          throw error;
        }
      },
      // Outermost: sees values as the document client's user does, and a call once however often the SDK tries it.
      { step: 'initialize', name: 'countCalls', priority: 'high' },
    );
  }

  /** What the calls since the last look cost. */
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
      throw new Error(`an update that returns ${input.ReturnValues} does not show what it costs in an index`);
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
