import {
  type Bus,
  type BusEvent,
  type DeclaredBuses,
  EventBuses,
  type EventBusesOptions,
  type OtherBuses,
} from './event-bus';
import type { Caller, Organization } from './permissions';
import { Refusal } from './refusal';

export interface EventNetworkOptions extends Pick<EventBusesOptions, 'onEvent' | 'onRefused'> {
  /** @default - no account is in an organization */
  readonly organization?: Organization;
}

/** The event buses of all accounts and Regions of a run. */
export class EventNetwork implements OtherBuses {
  private readonly environments = new Map<string, EventBuses>();

  constructor(private readonly options: EventNetworkOptions) {}

  get organization(): Organization | undefined {
    return this.options.organization;
  }

  /** Adds the buses of a stack to those of its account and Region, and returns all of these. */
  add(account: string, region: string, declared: DeclaredBuses): EventBuses {
    const key = `${account}/${region}`;
    const known = this.environments.get(key);
    if (known) {
      known.add(declared);
      return known;
    }
    const { onEvent, onRefused } = this.options;
    const buses = new EventBuses({ account, region, ...declared, onEvent, onRefused, others: this });
    this.environments.set(key, buses);
    return buses;
  }

  bus(arn: string): Bus | undefined {
    for (const buses of this.environments.values()) {
      const found = buses.bus(arn);
      if (found?.arn === arn) return found;
    }
    return undefined;
  }

  /**
   * Forwards an event to a bus, as a rule's target. Throws a `Refusal` if the bus does not accept it. EventBridge does not
   * route an event from one bus over a second bus to a third one (user guide, "Sending and receiving events between event
   * buses").
   */
  async forward(event: BusEvent, arn: string, caller: Caller, isForwarded: boolean): Promise<void> {
    if (isForwarded) {
      throw new Refusal('THIRD_ACCOUNT_HOP_DETECTED', `EventBridge forwards an event once, so not also to ${arn}`);
    }
    const bus = this.bus(arn);
    if (!bus) throw new Refusal('NO_RESOURCE', `the event bus ${arn} does not exist`);
    await bus.owner.receive(event, bus.name, caller);
  }
}
