import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { toAscii } from '../../../lambda/shared/core/ascii-json';
import type { BusEvent } from '../../../local/bus/event-bus';
import { fillInputTemplate } from '../../../local/bus/input-template';
import { compilePattern } from '../../../local/bus/pattern';
import { ACCOUNT, REGION } from '../../../local/shared/environment';
import type { PlannedRule, RuleTarget } from '../../../local/template/model/plan';
import type { Chance } from '../world/chance';
import type { Network, Worker } from '../world/network';
import type { World } from '../world/world';
import { named } from './dynamodb';
import type { SimulatedSqs } from './sqs';

/** Event of a producer or of the connector, before EventBridge adds its fields. */
export interface Entry {
  readonly source: string;
  readonly detailType: string;
  /** JSON. */
  readonly detail: string;
}

/**
 * A bus with the rules of the template (EventBridge user guide, "Event bus concepts" and "How EventBridge retries
 * delivering events"): each rule's target gets an event at least once, late or in another order, or its dead-letter queue
 * does.
 */
export class SimulatedBus {
  private readonly rules: readonly {
    readonly matches: (event: object) => boolean;
    readonly targets: readonly RuleTarget[];
  }[];
  private readonly chance: Chance;
  private ids = 0;

  constructor(
    rules: readonly PlannedRule[],
    private readonly world: World,
    private readonly network: Network,
    private readonly sqs: SimulatedSqs,
    private readonly onEvent: (entry: Entry, by?: Worker) => void,
  ) {
    this.chance = world.chance.of('bus');
    this.rules = rules.flatMap(({ pattern, enabled, targets }) =>
      pattern && enabled ? [{ matches: compilePattern(pattern), targets }] : [],
    );
  }

  client(worker: Worker): EventBridgeClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command, worker), {
        answerLost: 'event answer lost',
        error: () => named('TimeoutError', 'the simulated bus did not respond'),
      });
    return Object.create(EventBridgeClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  /** Accepts an event. @param by the worker that put it. Undefined: a producer. */
  put(entry: Entry, by?: Worker): string {
    const { clock, faults } = this.world;
    const id = `event-${++this.ids}`;
    const event: BusEvent = {
      version: '0',
      id,
      'detail-type': entry.detailType,
      source: entry.source,
      account: ACCOUNT,
      time: new Date(Math.floor(clock() / 1000) * 1000).toISOString().replace('.000', ''),
      region: REGION,
      resources: [],
      detail: JSON.parse(entry.detail),
    };
    this.onEvent(entry, by);
    for (const { matches, targets } of this.rules) {
      if (!matches(event)) continue;
      for (const target of targets) {
        this.route(event, target);
        if (faults.happens('event duplicated')) this.route(event, target);
      }
    }
    return id;
  }

  private route(event: BusEvent, { arn, input, inputTransformer, deadLetterArn }: RuleTarget): void {
    const { world, chance } = this;
    const late = world.faults.happens('event delayed') ? chance.between(1000, 600_000) : chance.mostlySmall(5, 500);
    const body =
      input ?? toAscii(inputTransformer ? fillInputTemplate(inputTransformer, event) : JSON.stringify(event));
    world.after(late, () => {
      const queue = this.sqs.queue(arn);
      const isDead = deadLetterArn !== undefined && world.faults.happens('event to the dead-letter queue');
      if (isDead) this.sqs.queue(deadLetterArn).sendFor(queue, body);
      else queue.send(body);
    });
  }

  private perform(command: object, worker: Worker): unknown {
    if (!(command instanceof PutEventsCommand)) {
      throw new TypeError(`the simulated EventBridge does not implement ${command.constructor.name}`);
    }
    const Entries = (command.input.Entries ?? []).map(({ Source = '', DetailType = '', Detail = '' }) => {
      // Entries can fail one by one (API reference, PutEvents).
      if (this.world.faults.happens('event refused')) {
        return { ErrorCode: 'InternalFailure', ErrorMessage: 'the simulated bus is busy' };
      }
      return { EventId: this.put({ source: Source, detailType: DetailType, detail: Detail }, worker) };
    });
    return { Entries, FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length };
  }
}
