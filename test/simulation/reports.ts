import { reportOutcomeByLink } from '../../lambda/custom-connector/core/outcomes/report-outcome';
import { OutcomeTable } from '../../lambda/delivery/adapters/outcome-table';
import { REPORTED_OUTCOMES, type ReportedOutcome } from '../../lambda/delivery/core/outcomes/outcome';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { Post } from './flows';
import type { Oracle } from './oracle/oracle';
import type { SimulatedStack } from './stack';
import type { Chance } from './world/chance';
import { Worker } from './world/network';
import type { World } from './world/world';

const MINUTE = 60_000;
const telemetry = { count() {}, seconds() {}, milliseconds() {}, info() {}, warn() {} };

/** Runs of flows that report their outcomes by the link of their delivery: early, late, twice, contradictory or never. */
export class Reports {
  private readonly chance: Chance;
  private workers = 0;

  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly oracle: Oracle,
  ) {
    this.chance = world.chance.of('reports');
  }

  /** A flow started a run. */
  started({ flow, webhookId, body }: Post): void {
    const { chance, world } = this;
    const link = String(body.outcomeUrl ?? '')
      .split('/')
      .at(-1);
    if (!link) return;
    const within = this.oracle.versions.current(flow)?.definition.finishWithin ?? MINUTE;
    for (let count = chance.between(0, 2); count > 0; count--) {
      const outcome = chance.among(REPORTED_OUTCOMES);
      // At once, before the response is recorded; at any time; or around the deadline.
      const after = chance.among([0, chance.between(0, 2 * within), within + chance.between(-2000, 90_000)]);
      world.after(Math.max(0, after), () => this.report(webhookId, link, outcome));
    }
  }

  /** Reports an outcome. Power Automate repeats a request without a response, but not always. */
  private report(webhookId: string, link: string, outcome: ReportedOutcome): void {
    const { world, stack, oracle } = this;
    const { clock } = world;
    const worker = new Worker(`report${++this.workers}`);
    const { dynamodb } = stack.clients(worker);
    const { subscriptions, deliveries } = stack.places;
    const ports = {
      outcomes: new OutcomeTable(dynamodb, deliveries),
      subscriptions: new SubscriptionTable(dynamodb, subscriptions),
      ...{ clock, telemetry },
    };
    const body = Buffer.from(JSON.stringify({ outcome }));
    const request = { route: '', query: {}, headers: {}, origin: '', parameters: { link }, body };
    const noResponse = () => {
      oracle.outcomes.reported(webhookId, outcome, undefined);
      if (this.chance.is(0.7)) {
        world.after(this.chance.between(1000, MINUTE), () => this.report(webhookId, link, outcome));
      }
    };
    worker.onDeath = noResponse;
    world.trace.add(worker.name, `reports ${outcome}`);
    world.wake(() => {
      reportOutcomeByLink(request, ports).then(
        ({ status }) => oracle.outcomes.reported(webhookId, outcome, status),
        noResponse,
      );
    });
  }
}
