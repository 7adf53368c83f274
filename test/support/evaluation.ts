import type { TriggerId } from '../../contract/events';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { register, unregister } from '../../lambda/registration/core/register';
import type { QueueMessage } from '../../lambda/shared/core/ports';
import type { Filter, SubscriptionDefinition, Threshold } from '../../lambda/subscriptions/core/subscription';
import { checkMessage, evaluateBatch } from '../../lambda/thresholds/core/evaluate';
import type { EvaluationPorts } from '../../lambda/thresholds/core/observe';
import { sweep } from '../../lambda/thresholds/core/sweep';
import { type Gate, MemoryBus, MemoryRejected, MemoryTables, MemoryTelemetry } from './memory/memory';

export const NOW = Date.parse('2026-11-20T12:00:00Z');
export const minutes = (n: number): string => new Date(NOW - 24 * 3600_000 + n * 60_000).toISOString();

/** Account and Region of the connector, which puts the events of `busEvent` by default. */
export const OWN = { account: '000000000000', region: 'us-east-1' };

/** An event as EventBridge sends it to a queue. */
export function busEvent(detailType: string, detail: unknown, overrides: object = {}): string {
  return JSON.stringify({
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': detailType,
    source: 'customer-insights',
    ...OWN,
    time: new Date(NOW).toISOString().replace('.000', ''),
    resources: [],
    detail,
    ...overrides,
  });
}

export const segment = (memberCount: unknown, at: number, more: object = {}): string =>
  busEvent('SegmentRefreshed', { segment: 'VIP customers', memberCount, observedAt: minutes(at), ...more });

export const measure = (value: unknown, at: number, more: object = {}): string =>
  busEvent('MeasureRefreshed', { measure: 'Revenue', value, observedAt: minutes(at), ...more });

export function thresholdOn(name: string, filter: Filter, threshold: Threshold): SubscriptionDefinition {
  const trigger = filter.segment === undefined ? 'measure-threshold-crossed' : 'segment-threshold-crossed';
  return definitionOf(name, trigger, { filter, threshold });
}

/** A subscription to failed refreshes of the data source with the same name. */
export const onFailure = (name: string): SubscriptionDefinition =>
  definitionOf(name, 'data-source-refresh-failed', { filter: { dataSource: name } });

/** A subscription with the default options. */
export const definitionOf = (
  name: string,
  trigger: TriggerId,
  more: Partial<SubscriptionDefinition> = {},
): SubscriptionDefinition => ({
  ...{ name, trigger, instanceId: 'default', filter: {}, format: 'flat', owners: [] },
  ...more,
});

/** A batch of messages. Their ids are their indexes. */
export const messagesOf = (bodies: readonly string[]): QueueMessage[] =>
  bodies.map((body, n) => ({ id: String(n), body }));

/** The output of a handler in memory, and a clock that only the test moves. */
export class MemoryHandler {
  readonly bus = new MemoryBus();
  readonly rejected = new MemoryRejected();
  readonly telemetry = new MemoryTelemetry();
  now = NOW;

  protected common(gate?: Gate) {
    const { rejected, telemetry } = this;
    const clock = () => this.now;
    return { events: this.bus.publisher(gate), rejected, telemetry, clock, connectorId: 'test', own: OWN };
  }
}

/** An evaluator on tables in memory. */
export class Evaluator extends MemoryHandler {
  readonly tables = new MemoryTables();
  /** Checks that `register` requested. */
  readonly checks: string[] = [];
  private ids = 0;

  ports(gate?: Gate): EvaluationPorts & { rejected: MemoryRejected } {
    return {
      thresholds: this.tables.thresholds(gate),
      subscriptions: this.tables.registry(gate),
      expectations: this.tables.expectations(gate),
      newId: this.newId,
      ...this.common(gate),
    };
  }

  registryPorts(gate?: Gate): RegistryPorts {
    return {
      subscriptions: this.tables.registry(gate),
      thresholds: this.tables.thresholds(gate),
      expectations: this.tables.expectations(gate),
      fingerprint: (url) => url,
      seal: async (_, url) => ({ ciphertext: url, host: 'example.com', fingerprint: url }),
      newId: this.newId,
      clock: () => this.now,
      requestCheck: async (check) => {
        await gate?.('before requestCheck');
        this.checks.push(checkMessage(check));
        await gate?.('after requestCheck');
      },
    };
  }

  async subscribe(name: string, filter: Filter, threshold: Threshold): Promise<void> {
    await register({ definition: thresholdOn(name, filter, threshold) }, 'cli', this.registryPorts());
  }

  async unsubscribe(name: string): Promise<void> {
    await unregister(name, 'cli', this.registryPorts());
  }

  /** Evaluates events as one batch, and returns the indexes of those to retry. */
  async evaluate(bodies: readonly string[], gate?: Gate): Promise<number[]> {
    return (await evaluateBatch(messagesOf(bodies), this.ports(gate))).map(Number);
  }

  async sweep(gate?: Gate): Promise<number> {
    return sweep({ ...this.ports(gate), due: this.tables.thresholds(gate) });
  }

  /** The crossings so far as text, such as `vip above 10: 9 → 11`. */
  crossings(): string[] {
    return this.bus.published.map(
      ({ detail: d }) => `${d.subscription} ${d.direction} ${d.threshold}: ${d.previousValue} → ${d.value}`,
    );
  }

  private readonly newId = (): string => `id-${++this.ids}`;
}
