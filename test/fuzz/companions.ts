import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliverPorts } from '../../lambda/delivery/core/ports';
import type { FlowResponse } from '../../lambda/delivery/core/response';
import { registryPorts } from '../../lambda/registration/adapters/registry';
import { type DesiredSubscription, register } from '../../lambda/registration/core/register';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import { sealFlowUrl } from '../../lambda/subscriptions/adapters/flow-url-seal';
import type { Plan } from '../../local/template/model/plan';
import { definitionOf } from '../support/evaluation';
import type { Result } from './fuzz';
import { OWN_FLOW_URL } from './secrets';
import { Stand, type StandPorts } from './stand';

/** Recorded messages of version 0.1.0, by the function that reads them. */
export const RECORDED: Readonly<Record<string, readonly { readonly body: Record<string, never> }[]>> = JSON.parse(
  readFileSync(join(__dirname, '../fixtures/versions/0.1.0/messages.json'), 'utf8'),
);

/** Subscriptions for the inputs of one run. */
export const STRANGE = ['strange-0', 'strange-1', 'strange-2', 'strange-3', 'strange-4'] as const;
/** Number of the subscription of a name. */
const numberOf = (subscription: unknown): number => Number(String(subscription).at(-1));
const NAME = 'Companion';
const SUBSCRIPTIONS: readonly DesiredSubscription[] = [
  { definition: definitionOf('companion-source', 'data-source-refresh-failed', { filter: { dataSource: NAME } }) },
  {
    definition: definitionOf('companion-segment', 'segment-threshold-crossed', {
      filter: { segment: NAME },
      threshold: { operator: 'above', value: 5 },
    }),
  },
  ...STRANGE.map((name) => ({ definition: definitionOf(name, 'full-refresh-completed') })),
];

const busEvent = (detailType: string, time: string, detail: object) => ({
  ...{ version: '0', id: 'event-1', 'detail-type': detailType, source: 'customer-insights' },
  ...{ account: '000000000000', time, region: 'us-east-1', resources: [], detail },
});

/** Response of the flow of a strange subscription. Companions are always accepted. */
type StrangeFlow = (n: number) => Promise<FlowResponse>;

/** A stand on which valid messages arrive together with mutated ones, and the check that each of them has its effect. */
export class Companions {
  private runs = 0;
  private posts: string[] = [];

  private constructor(
    readonly stand: Stand,
    /** Stored items of the strange subscriptions. */
    private readonly strange: readonly Record<string, unknown>[],
  ) {}

  static async start(plan: Plan, ports: StandPorts = {}, strange: StrangeFlow = async () => ({ status: 202 })) {
    const posts: string[] = [];
    const post: DeliverPorts['post'] = async (_, request) => {
      const { subscription } = JSON.parse(request.body);
      if (!String(subscription).startsWith('companion-')) return strange(numberOf(subscription));
      posts.push(request.body);
      return { status: 202 };
    };
    const stand = new Stand(plan, { post, ...ports });
    const { dynamodb, sqs, kms } = stand.clients;
    const { SUBSCRIPTIONS_TABLE_NAME, THRESHOLDS_TABLE_NAME, OBSERVATIONS_QUEUE_URL } = stand.places;
    const place = {
      subscriptionsTable: SUBSCRIPTIONS_TABLE_NAME as string,
      thresholdsTable: THRESHOLDS_TABLE_NAME as string,
      observationsQueue: OBSERVATIONS_QUEUE_URL as string,
    };
    const { newId, clock } = stand.world;
    const registry = registryPorts(place, { dynamodb, sqs }, (name, url) => sealFlowUrl(kms, 'key', name, url), {
      newId,
      clock,
    });
    for (const wanted of SUBSCRIPTIONS) await register({ ...wanted, flowUrl: OWN_FLOW_URL }, 'cli', registry);
    await stand.drain();
    const stored = stand.dynamodb.table(place.subscriptionsTable);
    const items = STRANGE.map((pk) => stored.get({ pk }, true) ?? {});
    const made = new Companions(stand, items);
    made.posts = posts;
    return made;
  }

  /** Ends every pause of a strange subscription, and changes attributes of its item. */
  restoreStrange(n: number, changes: object = {}): void {
    const { stand, strange } = this;
    stand.dynamodb.table(stand.places.SUBSCRIPTIONS_TABLE_NAME).put({ ...strange[n], ...changes }, {});
  }

  /** A delivery to a strange subscription. Its body has no other delivery of the stand. */
  delivery(n: number, eventId: string): string {
    const recorded = RECORDED.deliver?.[0]?.body as unknown as { readonly event: object };
    const event = { ...recorded.event, eventId };
    return JSON.stringify({ ...recorded, subscription: STRANGE[n], uid: this.uid(n), n: 0, event });
  }

  uid(n: number): string {
    return String(this.strange[n]?.uid);
  }

  /** The row of a delivery. */
  row(eventId: string): { readonly status?: string } | undefined {
    const rows = [...this.stand.dynamodb.table(this.stand.places.DELIVERIES_TABLE_NAME).all()];
    return rows.find(({ sk }) => sk === eventId);
  }

  /** Sends mutated inputs and companions, and processes all of them. */
  async with(send: (stand: Stand) => void): Promise<Result> {
    const { stand, posts } = this;
    const run = `good-${++this.runs}`;
    stand.logs.length = 0;
    stand.problems.length = 0;
    posts.length = 0;
    send(stand);
    this.sendCompanions(run);
    await stand.drain();
    const problems = [...stand.problems, ...this.lost(run)];
    if (stand.world.broken) problems.push(`the simulation is broken: ${stand.world.broken.stack}`);
    const rejected = stand.takeRejected();
    const reasons = rejected.map(({ reason }) => reason);
    if (reasons.includes(undefined)) problems.push('a message is rejected without a reason');
    return {
      problems,
      shown: [...stand.logs, ...reasons],
      stored: [stand.rows, rejected.map(({ body }) => body)],
      entrusted: ['own flow URL'],
    };
  }

  private sendCompanions(run: string): void {
    const { stand } = this;
    const now = stand.world.clock();
    const time = new Date(now).toISOString();
    const send = (to: string, message: object) => stand.queueOf(to).send(JSON.stringify(message));
    const failure = busEvent('DataSourceRefreshed', time, { dataSource: NAME, runId: run, status: 'Failed' });
    send('dispatch', failure);
    send('record', failure);
    for (const stage of ['a', 'b']) {
      const detail = { runId: run, stage, status: 'Successful', expected: ['a', 'b'] };
      send('collect', busEvent('RefreshStageCompleted', time, detail));
    }
    for (const [n, memberCount] of [0, 10].entries()) {
      const observedAt = new Date(now + n).toISOString();
      send('evaluate', busEvent('SegmentRefreshed', time, { segment: NAME, memberCount, observedAt }));
    }
    const message = structuredClone(RECORDED.normalize?.[0]?.body) as unknown as {
      event: { time: string; detail: Record<string, string> };
    };
    message.event.detail['execution-id'] = run;
    send('normalize', message);
  }

  /** Companions without their effect. */
  private lost(run: string): string[] {
    const { stand, posts } = this;
    const count = (subscription: string) =>
      posts.filter((body) => JSON.parse(body).subscription === subscription).length;
    const { runs, catalog } = { runs: stand.places.RUNS_TABLE_NAME, catalog: stand.places.CATALOG_TABLE_NAME };
    const closed = [...stand.dynamodb.table(runs).all()].find((row) => row.runId === run)?.closed;
    const recorded = [...stand.dynamodb.table(catalog).all()].some((row) => JSON.stringify(row).includes(`"${run}"`));
    const put = stand.logs.some((line) => line.includes(LogMessage.NORMALIZED) && line.includes(`"${run}"`));
    const effects: Readonly<Record<string, boolean>> = {
      'the refresh that came with them': count('companion-source') === 1,
      'the crossing that came with them': count('companion-segment') === 1,
      'the run that came with them': closed === 'complete',
      'the recorded refresh that came with them': recorded,
      'the event of a service that came with them': put,
    };
    return Object.entries(effects).flatMap(([what, isThere]) => (isThere ? [] : [`lost: ${what}`]));
  }
}
