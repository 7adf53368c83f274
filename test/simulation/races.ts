import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import type { Entry } from './aws/event-bridge';
import type { Item } from './aws/expressions';
import type { SimulatedFlows } from './flows';
import type { Operators } from './operators';
import type { SimulatedStack } from './stack';
import type { Workload } from './workload';
import type { Chance } from './world/chance';
import type { Worker } from './world/network';
import type { World } from './world/world';

const MINUTE = 60_000;

/** Lets operators and producers act at the moments that matter: in the middle of something else. */
export class Races {
  private readonly chance: Chance;

  /** @param left how often they do so. */
  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly flows: SimulatedFlows,
    private readonly operators: Operators,
    private readonly workload: Workload,
    private left: number,
  ) {
    this.chance = world.chance.of('races');
  }

  /** A flow is called. */
  posted(flow: string): void {
    this.maybe(this.flows.moodOf(flow) === 'refusing' ? 0.3 : 0.05, () => this.operators.raceDelivery(flow));
  }

  /** An item was read. */
  read({ pk, sk }: Item): void {
    if (sk === 'state') this.maybe(0.1, () => this.operators.raceEvaluation(String(pk)));
  }

  /** An event was put on the bus. */
  put({ detailType, detail }: Entry): void {
    if (detailType !== 'RefreshOverdue') return;
    const { subscription } = JSON.parse(detail) as { subscription: string };
    this.maybe(0.5, () => this.operators.raceOverdue(subscription));
  }

  /** An item was written. */
  written(table: string, before: Item | undefined, after: Item | undefined, by: Worker): void {
    const { subscriptions, deliveries } = this.stack.places;
    if (table === subscriptions) this.changed(before, after, by);
    if (table !== deliveries || !after?.status || before?.status === after.status) return;
    const key = { subscription: String(after.pk), eventId: String(after.sk) };
    if (after.status === 'held') this.maybe(0.2, () => this.operators.raceHold(key));
    if (after.status === 'dead') this.maybe(0.3, () => this.operators.raceDeath(key));
  }

  private changed(before: Item | undefined, after: Item | undefined, by: Worker): void {
    if (after && before?.thresholdId !== after.thresholdId)
      this.maybe(0.05, () => this.operators.raceRegistration(String(after.pk)));
    if (after && before?.generation === after.generation) return;
    const { expectation, filter } = (before ?? {}) as Partial<SubscriptionDefinition>;
    // The command that changed it has more to write. Somebody interrupts it.
    if (by.name.startsWith('operator')) this.maybe(expectation ? 0.3 : 0.1, () => by.die());
    if (!expectation || !filter) return;
    const { world, stack, workload, chance } = this;
    const refresh = () => stack.bus.put(workload.refreshOf(filter, world.clock()));
    this.maybe(0.5, () => world.after(chance.mostlySmall(0, MINUTE), refresh));
  }

  private maybe(probability: number, act: () => void): void {
    if (!this.world.faults.active || this.left === 0 || !this.chance.is(probability)) return;
    this.left--;
    act();
  }
}
