import { batchGetItem, batchWriteItem } from './batches';
import { dynamoDbError, invalid } from './errors';
import { getItem, query, scan } from './reads';
import type { Request } from './requests';
import { Table, type TableInput } from './table';
import { deleteItem, putItem, updateItem } from './writes';

const TABLE_OPERATIONS: Readonly<Record<string, (table: Table, request: Request) => string>> = {
  DeleteItem: deleteItem,
  GetItem: getItem,
  PutItem: putItem,
  Query: query,
  Scan: scan,
  UpdateItem: updateItem,
};

/**
 * An in-memory DynamoDB: tables with indexes, conditional writes of single items, queries and scans in pages. Every read
 * is consistent, and nothing expires. Without transactions, streams, PartiQL and the legacy parameters.
 */
export class DynamoDb {
  private readonly tables = new Map<string, Table>();

  constructor(
    private readonly account: string,
    private readonly region: string,
  ) {}

  /**
   * @param operation such as `GetItem`.
   * @param request the parsed request body.
   * @returns the response body in JSON.
   * @throws AwsError
   */
  call(operation: string, request: Request): string {
    const ofTable = TABLE_OPERATIONS[operation];
    if (ofTable) return ofTable(this.table(request.TableName), request);
    switch (operation) {
      case 'BatchGetItem':
        return batchGetItem((name) => this.table(name), request);
      case 'BatchWriteItem':
        return batchWriteItem((name) => this.table(name), request);
      case 'CreateTable':
        return this.createTable(request as TableInput);
      case 'DescribeTable':
        return JSON.stringify({ Table: this.description(this.table(request.TableName)) });
      case 'DeleteTable': {
        const table = this.table(request.TableName);
        this.tables.delete(table.input.TableName);
        return JSON.stringify({ TableDescription: { ...this.description(table), TableStatus: 'DELETING' } });
      }
      case 'ListTables':
        return JSON.stringify({ TableNames: [...this.tables.keys()].sort() });
      default:
        throw dynamoDbError('UnknownOperationException', `the local run does not implement ${operation} of DynamoDB`);
    }
  }

  createTable(input: TableInput): string {
    const { TableName: name } = input;
    if (!/^[A-Za-z0-9_.-]{3,255}$/.test(name)) throw invalid(`${name} is not a name of a table`);
    if (this.tables.has(name)) throw dynamoDbError('ResourceInUseException', `Table already exists: ${name}`);
    const table = new Table(input);
    this.tables.set(name, table);
    return JSON.stringify({ TableDescription: this.description(table) });
  }

  private table(name: string | undefined): Table {
    const table = this.tables.get(name ?? '');
    if (!table) throw dynamoDbError('ResourceNotFoundException', 'Requested resource not found');
    return table;
  }

  private description({ input, count, createdAt }: Table): object {
    const { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, LocalSecondaryIndexes } = input;
    const TableArn = `arn:aws:dynamodb:${this.region}:${this.account}:table/${TableName}`;
    const active = (indexes: TableInput['GlobalSecondaryIndexes']) =>
      indexes?.map(({ IndexName, KeySchema: keys, Projection }) => ({
        IndexName,
        KeySchema: keys,
        Projection,
        IndexStatus: 'ACTIVE',
        IndexArn: `${TableArn}/index/${IndexName}`,
      }));
    return {
      TableName,
      TableArn,
      TableStatus: 'ACTIVE',
      KeySchema,
      AttributeDefinitions,
      GlobalSecondaryIndexes: active(GlobalSecondaryIndexes),
      LocalSecondaryIndexes: active(LocalSecondaryIndexes),
      ItemCount: count,
      CreationDateTime: createdAt,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    };
  }
}
