import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { deliverySender } from '../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import { pause, resume } from '../../lambda/delivery/core/health/pause-resume';
import type { DeliveryKey, ResendPorts } from '../../lambda/delivery/core/ports';
import { replay, replayAll } from '../../lambda/delivery/core/replay';
import { registryPorts } from '../../lambda/registration/adapters/registry';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { register, unregister } from '../../lambda/registration/core/register';
import { sealFlowUrl } from '../../lambda/subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { Definitions } from './definitions';
import type { SimulatedFlows } from './flows';
import type { Oracle } from './oracle/oracle';
import type { SimulatedStack } from './stack';
import type { Chance } from './world/chance';
import { Worker } from './world/network';
import type { World } from './world/world';

const MINUTE = 60_000;
const MANAGER = 'cli';

/** What an operator wants of one subscription. */
interface Wish {
  definition: SubscriptionDefinition;
  hasFlow: boolean;
  /** False: it should not exist. */
  exists: boolean;
}

/** The ports of the commands that change subscriptions. */
export function operatorPorts(world: World, stack: SimulatedStack, worker: Worker): RegistryPorts {
  const { subscriptions, thresholds, observationsQueue } = stack.places;
  const { kms, ...clients } = stack.clients(worker);
  const place = { subscriptionsTable: subscriptions, thresholdsTable: thresholds, observationsQueue };
  const ports = registryPorts(place, clients, (name, url) => sealFlowUrl(kms, 'key', name, url));
  return { ...ports, newId: world.newId, clock: world.clock };
}

/** People who manage subscriptions and deliveries with the commands' own code. A command that fails is run again. */
export class Operators {
  private readonly wishes = new Map<string, Wish>();
  private readonly chance: Chance;
  private readonly definitions: Definitions;
  private workers = 0;
  /** Commands in progress, or waiting to be run again. */
  busy = 0;

  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly flows: SimulatedFlows,
    private readonly oracle: Oracle,
  ) {
    this.chance = world.chance.of('operators');
    this.definitions = new Definitions(this.chance);
  }

  /** Creates a subscription, sometimes one without a flow. */
  create(name: string): void {
    const hasFlow = !this.chance.is(0.1);
    this.wishes.set(name, { definition: this.definitions.any(name, undefined), hasFlow, exists: true });
    this.flows.flow(name);
    this.fulfil(name);
  }

  /** Does something to a random subscription. */
  act(): void {
    const { chance } = this;
    const name = chance.among([...this.wishes.keys()]);
    const wish = this.wishes.get(name) as Wish;
    const what = wish.exists ? chance.number() : 0;
    if (!wish.exists) wish.exists = true;
    else if (what < 0.06) this.recreate(name);
    else if (what < 0.12) this.pauseAndResume(name);
    else if (what < 0.3) wish.definition = this.definitions.any(name, wish.definition);
    else if (what < 0.36) wish.definition = { ...wish.definition, owners: [`kim${chance.between(1, 9)}@example.com`] };
    else if (what < 0.48) this.flows.flow(name).renew();
    else if (what < 0.55) wish.exists = false;
    else if (what < 0.65) this.run((worker) => pause(name, this.healthPorts(worker)));
    else if (what < 0.78) this.run((worker) => resume(name, this.healthPorts(worker)));
    else if (what < 0.86) this.replayOne(name);
    else if (what < 0.92) this.run((worker) => replayAll(name, {}, this.resendPorts(worker)));
    else if (what < 0.97) this.stack.redrive();
    else this.disableKey();
    // Somebody notices after a while that the flow has a new URL.
    if (what < 0.55) this.world.after(chance.mostlySmall(0, 30 * MINUTE), () => this.fulfil(name));
  }

  /** Changes a subscription while a value of its metric is evaluated. */
  raceEvaluation(metricKey: string): void {
    const watching = [...this.wishes.values()].filter(({ exists, definition: { threshold, filter } }) => {
      const subject = filter.segment ?? filter.measure;
      return exists && threshold !== undefined && subject !== undefined && metricKey.includes(subject);
    });
    if (watching.length > 0) this.changeThreshold(this.chance.among(watching));
  }

  /** Changes a threshold while another operator changes it. */
  raceRegistration(name: string): void {
    const wish = this.wishes.get(name);
    if (wish?.exists && wish.definition.threshold) this.changeThreshold(wish);
  }

  private changeThreshold(wish: Wish): void {
    wish.definition = { ...wish.definition, threshold: this.definitions.threshold() };
    this.fulfil(wish.definition.name);
  }

  /** Changes a subscription, or its flow, while its flow is called. */
  raceDelivery(name: string): void {
    // Flows that the custom connector registered have no operator.
    if (!this.wishes.has(name)) return;
    const what = this.chance.number();
    if (what < 0.4) this.flows.flow(name).renew();
    if (what < 0.5) this.fulfil(name);
    else if (what < 0.75) this.recreate(name);
    else this.pauseAndResume(name);
  }

  /** Changes or removes a subscription whose refresh is overdue. */
  raceOverdue(name: string): void {
    const wish = this.wishes.get(name);
    if (!wish?.exists) return;
    if (this.chance.is(0.5)) wish.definition = this.definitions.any(name, wish.definition);
    else wish.exists = false;
    this.fulfil(name);
  }

  /** Resumes a subscription while a delivery of it is held. */
  raceHold({ subscription }: DeliveryKey): void {
    if (this.wishes.has(subscription)) this.run((worker) => resume(subscription, this.healthPorts(worker)));
  }

  /** Replays a delivery soon after its death. */
  raceDeath(key: DeliveryKey): void {
    const again = () => this.run((worker) => replay(key, this.resendPorts(worker)));
    this.world.after(this.chance.between(1000, 3 * MINUTE), again);
  }

  /** Removes a subscription and creates it again soon. */
  private recreate(name: string): void {
    const wish = this.wishes.get(name) as Wish;
    wish.exists = false;
    this.fulfil(name);
    this.world.after(this.chance.mostlySmall(1000, 10 * MINUTE), () => {
      wish.exists = true;
      this.fulfil(name);
    });
  }

  private pauseAndResume(name: string): void {
    this.run((worker) => pause(name, this.healthPorts(worker)));
    const resumeIt = () => this.run((worker) => resume(name, this.healthPorts(worker)));
    this.world.after(this.chance.mostlySmall(1000, 10 * MINUTE), resumeIt);
  }

  /** Resumes every subscription that is paused, and applies every wish again. */
  settle(resumes: boolean): void {
    this.stack.kms.isDisabled = false;
    for (const [name, wish] of this.wishes) {
      // Nothing moves any more: a new threshold fires exactly for a value that is already beyond it.
      if (wish.definition.threshold && this.chance.is(0.3)) {
        wish.definition = { ...wish.definition, threshold: { ...this.definitions.level(), fireIfAlreadyBeyond: true } };
      }
      this.fulfil(name);
      const { bySomebody } = this.oracle.versions.current(name)?.health ?? {};
      if (resumes || bySomebody) this.run((worker) => resume(name, this.healthPorts(worker)));
    }
  }

  private fulfil(name: string): void {
    this.run(async (worker) => {
      const { exists, definition, hasFlow } = this.wishes.get(name) as Wish;
      const ports = operatorPorts(this.world, this.stack, worker);
      if (!exists) {
        await unregister(name, MANAGER, ports);
        return;
      }
      const flowUrl = hasFlow ? this.flows.flow(name).url : undefined;
      await register({ definition, flowUrl }, MANAGER, ports);
      this.oracle.completed(name);
    });
  }

  private replayOne(name: string): void {
    const rows = this.stack.dynamodb.table(this.stack.places.deliveries).partitionOf(name);
    const finished = rows.filter(({ status }) => status !== undefined && status !== 'pending');
    if (finished.length === 0) return;
    const key = { subscription: name, eventId: String(this.chance.among(finished).sk) };
    this.run((worker) => replay(key, this.resendPorts(worker)));
  }

  private disableKey(): void {
    const { kms } = this.stack;
    this.world.trace.add('operator', 'disables the key');
    kms.isDisabled = true;
    this.oracle.keyChanged();
    this.world.after(this.chance.between(MINUTE, 60 * MINUTE), () => {
      kms.isDisabled = false;
      this.oracle.keyChanged();
    });
  }

  /** Runs a command until it ends without an error. It can stop at any call. */
  private run(command: (worker: Worker) => Promise<unknown>): void {
    const worker = new Worker(`operator${++this.workers}`);
    this.busy++;
    const again = () => {
      this.world.after(this.chance.between(1000, 5 * MINUTE), () => {
        this.busy--;
        this.run(command);
      });
    };
    worker.onDeath = again;
    this.world.trace.add(worker.name, 'starts');
    this.world.wake(() => {
      command(worker).then(
        (result) => {
          this.busy--;
          this.world.trace.add(worker.name, `ends: ${JSON.stringify(result) ?? ''}`);
        },
        (error: Error) => {
          this.world.trace.add(worker.name, `fails: ${error.name}: ${error.message}`);
          again();
        },
      );
    });
  }

  private healthPorts(worker: Worker) {
    const { dynamodb } = this.stack.clients(worker);
    return { subscriptions: new SubscriptionTable(dynamodb, this.stack.places.subscriptions), clock: this.world.clock };
  }

  private resendPorts(worker: Worker): ResendPorts {
    const { dynamodb, sqs } = this.stack.clients(worker);
    const { deliveries, deliveriesQueue } = this.stack.places;
    const send = deliverySender(sqs, deliveriesQueue);
    return {
      ...this.healthPorts(worker),
      kept: new DeliveryTable(dynamodb, deliveries, DEFAULT_DELIVERY_RETENTION_DAYS),
      send: (message, delaySeconds) => {
        this.oracle.replayed(message);
        return send(message, delaySeconds);
      },
    };
  }
}
