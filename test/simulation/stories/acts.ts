import { register, unregister } from '../../../lambda/registration/core/register';
import type { SubscriptionDefinition, Threshold } from '../../../lambda/subscriptions/core/subscription';
import { definitionOf, thresholdOn } from '../../support/evaluation';
import type { Entry } from '../aws/event-bridge';
import { operatorPorts } from '../operators';
import type { Worker } from '../world/network';
import type { Stage } from './story';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** The subscription of most stories, and its flow. */
export const NAME = 's1';

export const entry = (detailType: string, detail: object): Entry => ({
  source: 'customer-insights',
  detailType,
  detail: JSON.stringify(detail),
});

/** A segment's size, observed `second` seconds from now. */
export const observation = ({ world }: Stage, memberCount: number, second: number): Entry =>
  entry('SegmentRefreshed', {
    segment: 'Vips',
    memberCount,
    observedAt: new Date(world.clock() + second * SECOND).toISOString(),
  });

export const onSegment = (threshold: Threshold): SubscriptionDefinition =>
  thresholdOn(NAME, { segment: 'Vips' }, threshold);

export const ABOVE_5: Threshold = { operator: 'above', value: 5 };
export const RECOVERING: Threshold = { operator: 'above', value: 5, recoverTo: 3 };

export const onFailure: SubscriptionDefinition = definitionOf(NAME, 'data-source-refresh-failed');

/** A failed refresh, which `onFailure` matches. */
export const failure = (runId = 'run-1'): Entry =>
  entry('DataSourceRefreshed', { dataSource: 'CRM', runId, status: 'Failed' });

/** Sends events to the bus. */
export const put = ({ stack }: Stage, ...entries: readonly Entry[]): void => {
  for (const one of entries) stack.bus.put(one);
};

/** The ports of an operator's commands. */
export const portsOf = ({ world, stack }: Stage, worker: Worker) => ({
  ...operatorPorts(world, stack, worker),
  newId: () => world.newId(worker.name),
});

/** Creates or changes a subscription, as `apply` does. */
export const apply =
  (stage: Stage, definition: SubscriptionDefinition) =>
  async (worker: Worker): Promise<void> => {
    const { flows, oracle } = stage;
    await register({ definition, flowUrl: flows.flow(definition.name).url }, 'cli', portsOf(stage, worker));
    const { thresholdId } = oracle.versions.current(definition.name) ?? {};
    if (thresholdId !== undefined) oracle.registered.add(thresholdId);
  };

/** Removes a subscription, as `remove` does. */
export const remove =
  (stage: Stage, name = NAME) =>
  (worker: Worker): Promise<unknown> =>
    unregister(name, 'cli', portsOf(stage, worker));

/** A stage with a subscription, and with values of the metric that it watches. */
export const prepared = (definition: SubscriptionDefinition, values: readonly number[] = []) => ({
  async prepare(stage: Stage): Promise<void> {
    stage.operator(apply(stage, definition));
    await stage.settle();
    for (const value of values) {
      put(stage, observation(stage, value, 0));
      await stage.settle();
    }
  },
});
