import type { DeliverPorts } from '../../lambda/delivery/core/ports';
import type { FlowResponse } from '../../lambda/delivery/core/response';
import type { Chance } from './world/chance';
import type { Network, Worker } from './world/network';
import type { World } from './world/world';

/** How a flow answers for a while. The answers are those of docs/delivery.md. */
export const MOODS = {
  accepting: [{ status: 202 }, { status: 200 }],
  failing: [
    { status: 503 },
    { status: 500 },
    { status: 408 },
    { status: 425 },
    { status: 302 },
    { error: 'ECONNRESET' },
  ],
  throttling: [{ status: 429, retryAfter: '3600' }, { status: 429 }, { status: 429, retryAfter: '20' }],
  refusing: [
    { status: 401 },
    { status: 403 },
    { status: 404 },
    { status: 410 },
    { status: 400, error: 'WorkflowTriggerIsNotEnabled' },
  ],
  rejecting: [{ status: 400, error: 'TriggerInputSchemaMismatch' }, { status: 413 }, { status: 400 }],
  hanging: [],
} as const satisfies Record<string, readonly FlowResponse[]>;
export type Mood = keyof typeof MOODS;

/** A period in which a flow has a mood. Times are epoch milliseconds. */
export interface Spell {
  readonly from: number;
  readonly to: number;
  readonly mood: Mood;
}

export interface Post {
  readonly flow: string;
  readonly url: string;
  readonly webhookId: string;
  readonly body: Record<string, unknown>;
  readonly worker: Worker;
}

/** Observer of the flows. `answer` is what the caller gets; undefined: none before its time limit. */
export interface FlowObserver {
  onPost(post: Post): void;
  onAnswer(post: Post, answer: FlowResponse | undefined, accepted: boolean): void;
}

const HOST = 'default0123.45.environment.api.powerplatform.com';

/** A flow of Power Automate. Its current URL changes when somebody renews it; an older one is refused. */
export class SimulatedFlow {
  spells: readonly Spell[] = [];
  private renewals = 0;

  constructor(readonly name: string) {}

  get url(): string {
    const path = `/powerautomate/automations/direct/workflows/${this.name}/triggers/manual/paths/invoke`;
    return `https://${HOST}${path}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${String(this.renewals).padStart(43, 's')}`;
  }

  /** How the flow refuses a call to a URL. Undefined: it does not. */
  refusal(url: string): FlowResponse | undefined {
    return url === this.url ? undefined : { status: 401 };
  }

  renew(): string {
    this.renewals++;
    return this.url;
  }

  moodAt(now: number): Mood {
    return this.spells.find(({ from, to }) => from <= now && now < to)?.mood ?? 'accepting';
  }
}

/** The flows behind the URLs, and the calls to them. */
export class SimulatedFlows {
  readonly byName = new Map<string, SimulatedFlow>();
  private readonly byWorkflow = new Map<string, string>();
  private readonly chance: Chance;
  /** A request can arrive this late, also after its caller gave up: less than the grace of a lease. */
  static readonly MAX_TRANSIT_MS = 4_900;

  constructor(
    private readonly world: World,
    private readonly observer: FlowObserver,
  ) {
    this.chance = world.chance.of('flows');
  }

  /** @param workflow id of the flow in its URL. */
  add(flow: SimulatedFlow, workflow: string): void {
    this.byName.set(flow.name, flow);
    this.byWorkflow.set(workflow, flow.name);
  }

  flow(name: string): SimulatedFlow {
    const flow = this.byName.get(name) ?? new SimulatedFlow(name);
    this.byName.set(name, flow);
    return flow;
  }

  moodOf(name: string): Mood {
    return this.flow(name).moodAt(this.world.clock());
  }

  /** Calls flows for a worker through the network's explorer. */
  explored(worker: Worker, network: Network): DeliverPorts['post'] {
    return (url, { headers, body }) => {
      const post = {
        flow: this.nameOf(url),
        url,
        webhookId: String(headers['webhook-id']),
        body: JSON.parse(body),
        worker,
      };
      const perform = (): FlowResponse => {
        this.observer.onPost(post);
        const { response = { error: 'timeout' }, accepted } = this.respond(post, false);
        this.observer.onAnswer(post, response, accepted);
        return response;
      };
      const lost = new Error('the answer is lost');
      return network.call(worker, 'POST', perform, { error: () => lost }).catch(() => ({ error: 'ECONNRESET' }));
    };
  }

  /** Calls flows for a worker. */
  post(worker: Worker): DeliverPorts['post'] {
    const { world, chance } = this;
    const { faults } = world;
    return (url, { headers, body, timeoutMs }) =>
      new Promise((resolve) => {
        if (!worker.alive || worker.stalls) return;
        if (faults.happens('crash before a call')) return worker.die();
        const isSlow = faults.happens('flow slow');
        const there = isSlow ? chance.between(500, SimulatedFlows.MAX_TRANSIT_MS) : chance.mostlySmall(5, 300);
        const post = {
          flow: this.nameOf(url),
          url,
          webhookId: String(headers['webhook-id']),
          body: JSON.parse(body),
          worker,
        };
        let open = true;
        const answer = (response: FlowResponse) => {
          if (!open) return;
          open = false;
          if (!worker.alive || worker.stalls) return;
          if (faults.happens('crash after a call')) return worker.die();
          world.trace.add(worker.name, `POST ${post.webhookId}: ${response.status ?? response.error}`);
          world.wake(() => resolve(response));
        };
        world.after(timeoutMs, () => answer({ error: 'timeout' }));
        world.after(there, () => {
          this.observer.onPost(post);
          const { response, accepted, afterMs } = this.respond(post, isSlow);
          const isLate = there + afterMs >= timeoutMs;
          this.observer.onAnswer(post, isLate ? undefined : response, accepted);
          if (response) world.after(afterMs, () => answer(response));
        });
      });
  }

  private respond(
    { flow, url }: Post,
    isSlow: boolean,
  ): { readonly response?: FlowResponse; readonly accepted: boolean; readonly afterMs: number } {
    const { world, chance } = this;
    const target = this.flow(flow);
    const afterMs = isSlow ? chance.between(500, 20_000) : chance.mostlySmall(5, 2000);
    const refusal = target.refusal(url);
    if (refusal) return { response: refusal, accepted: false, afterMs };
    const mood = target.moodAt(world.clock());
    // The run may have started.
    if (mood === 'hanging') return { accepted: chance.is(0.5), afterMs: Number.POSITIVE_INFINITY };
    if (mood === 'accepting' && world.faults.happens('flow answer lost')) {
      const lost = chance.among<FlowResponse>([{ status: 502, error: 'NoResponse' }, { error: 'ECONNRESET' }]);
      return { response: lost, accepted: chance.is(0.7), afterMs };
    }
    return { response: chance.among<FlowResponse>(MOODS[mood]), accepted: mood === 'accepting', afterMs };
  }

  private nameOf(url: string): string {
    const id = /\/workflows\/([\w-]+)\//.exec(url)?.[1] ?? '';
    return this.byWorkflow.get(id) ?? id;
  }
}
