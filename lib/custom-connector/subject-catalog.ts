import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { COLLECTED_BY_FIELD, DomainEvent } from '../../contract/events';
import { SORT_KEY } from '../../contract/shared';
import { allowOnTable } from '../shared/allow';
import { connectorTable } from '../shared/connector-table';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { plainQueue, WorkQueue } from '../shared/work-queue';

/** Options for storing the names of data sources, segments and measures, and the refreshes. */
export interface SubjectCatalogOptions {
  /**
   * Table of the names of data sources, segments and measures, and of the refreshes. Key: `pk`, `sk` (strings). TTL attribute: `expiresAt`.
   *
   * @default - a new table
   */
  readonly catalogTable?: dynamodb.ITable;
}

/** Properties of SubjectCatalog. */
export interface SubjectCatalogProps extends SubjectCatalogOptions, EventPartProps, StorageOptions {
  /**
   * Queue for events that EventBridge could not put on the catalog's queue. The queue policy is extended.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;
}

/**
 * Records the names of the data sources, segments and measures that events on the bus report. The custom connector offers
 * them for selection. A name that is not recorded yet can still be typed. Also records the refreshes of data sources, which are
 * kept for 90 days, and the last full refresh and unification, for the actions of the custom connector.
 *
 * Rules send the events to a queue, which the function `record` processes. The paths of triggers and observations do not
 * depend on it.
 *
 * @example
 * new SubjectCatalog(this, 'Catalog', { eventBus: customerDataBus });
 */
export class SubjectCatalog extends Construct {
  /** Table of the names and the refreshes. */
  public readonly table: dynamodb.ITable;

  /** Queue for the events: events of the bus, in the format that EventBridge puts on a queue. */
  public readonly subjectsQueue: sqs.IQueue;

  /** Queue for events that `record` rejected or could not process. */
  public readonly subjectsDeadLetterQueue: sqs.IQueue;

  /** Function that records the names and the refreshes. */
  public readonly record: lambda.IFunction;

  constructor(scope: Construct, id: string, props: SubjectCatalogProps) {
    super(scope, id);

    const { eventBus, catalogTable: existing, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const sortKey = { name: SORT_KEY, type: dynamodb.AttributeType.STRING };
    const shape = { sortKey, indexes: [], expires: true };
    this.table = connectorTable(this, 'Table', { ...props, prop: 'catalogTable', existing, ...shape });
    const subjects = new WorkQueue(this, 'Subjects', 'record', queueEncryptionKey);
    const { function: record } = new HandlerFunction(this, {
      ...props,
      handler: 'record',
      description: 'Records the names of data sources, segments and measures, and the last refreshes',
      environment: { [Env.CONNECTOR_ID]: connectorId, [Env.CATALOG_TABLE_NAME]: this.table.tableName },
    });
    allowOnTable(record, this.table, ['GetItem', 'PutItem', 'UpdateItem']);
    subjects.allowSendAndReject(record);
    subjects.feed(record, 5);

    const deadLetterQueue = props.deadLetterQueue ?? plainQueue(this, 'DeadLetterQueue', queueEncryptionKey);
    const target = new QueueTarget(this, subjects.queue, new RuleSenders(this, deadLetterQueue));
    const addRule = (id: string, detailType: string[], detail?: events.EventPattern['detail']) =>
      new events.Rule(this, id, {
        eventBus,
        eventPattern: { source: [eventSource], detailType, detail },
        targets: [target],
      });
    addRule('SubjectRefreshed', [
      DomainEvent.DATA_SOURCE_REFRESHED,
      DomainEvent.SEGMENT_REFRESHED,
      DomainEvent.MEASURE_REFRESHED,
    ]);
    // Runs that producers report, and runs that this connector collected from stages.
    addRule('RunCompleted', [DomainEvent.FULL_REFRESHED, DomainEvent.UNIFICATION_REFRESHED], {
      [COLLECTED_BY_FIELD]: [{ exists: false }, connectorId],
    });

    this.subjectsQueue = subjects.queue;
    this.subjectsDeadLetterQueue = subjects.deadLetterQueue;
    this.record = record;
  }
}
