import { type DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SubjectKind } from '../../contract/custom-connector';
import { Env } from '../../contract/environment';
import type { TriggerId } from '../../contract/events';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import { CatalogTable } from '../../lambda/custom-connector/adapters/catalog-table';
import { CALLBACK_FIELD } from '../../lambda/custom-connector/core/definition/operations';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { ApiClient } from './api-client';
import { times } from './bill';
import { CostBench } from './cost-bench';
import { type IdleMonth, measureIdle } from './idle-cost';
import { type Counts, merged } from './parts';

const HOUR_MS = 60 * 60 * 1000;

/** Part of the path here, so that a callback URL is as long as one of Power Automate. */
const CALLBACK_HOST = 'default0123456789abcdef0123456789abcd.ef.environment.api.powerplatform.com';

/** A connector with the API of a custom connector, and flows that register themselves. */
export class ApiBench {
  /** Its calls are not metered. */
  private readonly dynamoDb: DynamoDBDocumentClient;
  /** Registration ids by workflow id. */
  private readonly registrations = new Map<string, string>();
  private minutes = 0;
  private version = 0;

  private constructor(
    readonly bench: CostBench,
    readonly client: ApiClient,
    readonly idle: IdleMonth,
    private readonly idleMinute: Counts,
  ) {
    this.dynamoDb = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: bench.stack.endpoints.dynamodb });
  }

  static async start(batch: number): Promise<ApiBench> {
    const bench = await CostBench.start({ batch, hasApi: true });
    const client = await ApiClient.create(bench);
    const idle = await measureIdle(bench);
    return new ApiBench(bench, client, idle, await bench.measured(() => bench.minute()));
  }

  async stop(): Promise<void> {
    this.dynamoDb.destroy();
    await this.bench.stop();
  }

  /** The units of an action. Of its minutes, only the units that an idle minute does not have. */
  async measured(action: () => Promise<unknown>): Promise<Counts> {
    this.minutes = 0;
    const counts = await this.bench.measured(action);
    const idle = this.idleMinute.map((count) => ({
      ...count,
      requests: -this.minutes * count.requests,
      units: times(count.units, -this.minutes),
    }));
    return merged([...counts, ...idle]);
  }

  /**
   * Registers a flow, or saves it again.
   * @param workflow 32 hexadecimal digits.
   */
  async register(workflow: string, trigger: TriggerId, fields: object): Promise<void> {
    const { location = '' } = await this.client.send({
      route: 'POST /triggers/{trigger}',
      path: `/triggers/${trigger}`,
      body: { ...fields, [CALLBACK_FIELD]: this.callbackUrl(workflow, trigger) },
    });
    this.registrations.set(workflow, location.slice(location.lastIndexOf('/') + 1));
  }

  async unregister(workflow: string): Promise<void> {
    const path = `/registrations/${this.registrations.get(workflow)}`;
    await this.client.send({ route: 'DELETE /registrations/{id}', path });
  }

  /** Name of a flow's subscription. */
  subscriptionOf(workflow: string): string {
    return this.registrations.get(workflow)?.split('.')[0] as string;
  }

  async minute(): Promise<void> {
    this.minutes++;
    await this.bench.minute();
  }

  /** Lets `sweep` find the threshold items that a registration left for an hour. */
  async minuteAfterAnHour(): Promise<void> {
    const TableName = this.variable('evaluate', Env.THRESHOLDS_TABLE_NAME);
    const { Items = [] } = await this.dynamoDb.send(new ScanCommand({ TableName }));
    for (const item of Items.filter(({ [DUE_INDEX.sortKey]: due }) => due !== undefined)) {
      await this.dynamoDb.send(
        new UpdateCommand({
          TableName,
          Key: { [PARTITION_KEY]: item[PARTITION_KEY], [SORT_KEY]: item[SORT_KEY] },
          UpdateExpression: 'ADD #due :earlier',
          ExpressionAttributeNames: { '#due': DUE_INDEX.sortKey },
          ExpressionAttributeValues: { ':earlier': -HOUR_MS },
        }),
      );
    }
    await this.minute();
  }

  /** Adds names to the catalog, without metering. */
  async addSubjects(kind: SubjectKind, names: readonly string[]): Promise<void> {
    const catalog = new CatalogTable(this.dynamoDb, this.variable('record', Env.CATALOG_TABLE_NAME), Date.now);
    for (const name of names) await catalog.record({ kind, instanceId: 'default', name }, Date.now());
  }

  private variable(service: string, name: string): string {
    const fn = this.bench.stack.functions.find(
      ({ environment }) => environment.POWERTOOLS_SERVICE_NAME === service && environment[name] !== undefined,
    );
    return fn?.environment[name] as string;
  }

  /** Each save of a flow has a new version and a new signature. */
  private callbackUrl(workflow: string, trigger: TriggerId): string {
    const version = String(++this.version).padStart(20, '0');
    const name = trigger.replaceAll('-', '_');
    const path = `${CALLBACK_HOST}/powerautomate/automations/direct/workflows/${workflow}/triggers/${name}/versions/${version}/run`;
    const query = new URLSearchParams({
      'api-version': '1',
      sp: `/triggers/${name}/run,/triggers/${name}/read`,
      sv: '1.0',
      sig: version.padStart(43, 's'),
    });
    return `${this.bench.stack.endpoint}/${path}?${query}`;
  }
}
