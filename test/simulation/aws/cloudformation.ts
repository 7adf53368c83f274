import type { PutResponse } from '../../../lambda/registration/adapters/cloudformation';
import type { Network, Worker } from '../world/network';
import type { World } from '../world/world';
import type { SimulatedFunction } from './lambda';

const MINUTE = 60_000;
/** How long CloudFormation waits for a response: `ServiceTimeout` of the construct. */
const SERVICE_TIMEOUT_MS = 12 * MINUTE;
/** Waits before the two retries of an asynchronous invocation. */
const RETRY_MS = [MINUTE, 2 * MINUTE];
const STACK_ID = 'arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1a2b';

/** A request of CloudFormation for a resource. */
export interface ResourceRequest {
  readonly type: 'Create' | 'Update' | 'Delete';
  readonly logicalId: string;
  readonly physicalId?: string;
  /** JSON. */
  readonly entry: string;
}

export interface ResourceResponse {
  readonly succeeded: boolean;
  readonly physicalId: string;
  readonly reason?: string;
}

/**
 * Requests for custom resources (CloudFormation user guide, "Custom resource request objects", "Custom resource response
 * objects"; Lambda developer guide, "Invoking a function asynchronously"): at least once, with two retries. Only the first
 * response counts. The simulation does not retry an invocation whose response has arrived, and makes the next request only
 * after all invocations for this one have ended.
 */
export class SimulatedCloudFormation {
  private requests = 0;
  /**
   * Entries of requests that can leave a subscription behind: one invocation succeeded after another one had reported failure, a
   * fault hit a request and another one what it did to undo it, or there was no time to undo it.
   */
  readonly disputed = new Set<string>();
  private readonly waiting = new Map<string, (response: ResourceResponse) => void>();

  constructor(
    private readonly fn: SimulatedFunction,
    private readonly world: World,
    private readonly network: Network,
  ) {}

  /** Requests a change of a resource. Never rejects: without a response in time, the request has failed. */
  request({ type, logicalId, physicalId, entry }: ResourceRequest): Promise<ResourceResponse> {
    const { world } = this;
    const RequestId = `request-${++this.requests}`;
    const event = {
      ...{ RequestType: type, RequestId, ResponseURL: `https://responses/${RequestId}`, StackId: STACK_ID },
      ...{ LogicalResourceId: logicalId, PhysicalResourceId: physicalId, ResourceProperties: { Entry: entry } },
    };
    return new Promise((resolve) => {
      let response: ResourceResponse | undefined;
      let running = 0;
      const goOn = () => {
        if (!response || running > 0) return;
        const end = response;
        this.waiting.delete(RequestId);
        world.trace.add('cloudformation', `${type} ${logicalId}: ${end.reason ?? 'succeeded'}`);
        world.wake(() => resolve(end));
      };
      const responded = (one: ResourceResponse) => {
        const isLate = /no response|timed out/.test(one.reason ?? '');
        if ((one.succeeded && response?.succeeded === false) || isLate) this.disputed.add(entry);
        if (response) return;
        response = one;
        goOn();
      };
      const invoke = (tries: number): void => {
        running++;
        const { invocation } = this.fn.invoke(event, (result) => {
          running--;
          if (invocation.faults > 1) this.disputed.add(entry);
          const wait = RETRY_MS[tries];
          if ('failed' in result && wait !== undefined && !response) {
            world.after(wait, () => {
              if (!response) invoke(tries + 1);
            });
          }
          goOn();
        });
      };
      this.waiting.set(RequestId, responded);
      world.after(SERVICE_TIMEOUT_MS, () => {
        if (!response) responded({ succeeded: false, physicalId: physicalId ?? logicalId, reason: 'no response' });
      });
      invoke(0);
      if (world.faults.happens('custom resource requested twice')) invoke(RETRY_MS.length);
    });
  }

  putResponse(worker: Worker): PutResponse {
    const refused = Object.assign(new Error('the simulated bucket did not respond'), { code: 'ECONNRESET' });
    return (url, body) =>
      this.network.call(
        worker,
        'PutResponse',
        () => {
          const { Status, PhysicalResourceId, Reason } = JSON.parse(body);
          const response = { succeeded: Status === 'SUCCESS', physicalId: PhysicalResourceId, reason: Reason };
          this.waiting.get(url.pathname.slice(1))?.(response);
          return 200;
        },
        { refused: 'custom resource response refused', error: () => refused },
      );
  }
}
