import type { HttpApiRoute } from '../../../local/engines/services/http-api-routes';
import { matchRoute } from '../../../local/engines/services/http-api-routes';
import type { HttpRequest, HttpResponse } from '../../../local/power-automate/requests';
import type { SimulatedFunction } from '../aws/lambda';
import type { Chance } from '../world/chance';
import type { Worker } from '../world/network';
import type { World } from '../world/world';

/** A request under way. */
export interface Sent {
  /** Stays pending if the response is lost. */
  readonly response: Promise<HttpResponse>;
  /** Every copy of the request has read the item with the key `awaited`, or has ended. */
  readonly underWay: Promise<void>;
  /** How many times the request arrives. */
  readonly copies: number;
}

/**
 * An HTTP API in front of a function (API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs"
 * and "Throttle requests to your HTTP APIs"): a request over the limit gets 429, one whose function fails gets 500, and the
 * response can get lost. A client or a proxy can send a request twice.
 */
export class SimulatedHttpApi {
  private readonly chance: Chance;
  private readonly reading = new Map<Worker, { readonly key: string; readonly seen: () => void }>();

  constructor(
    private readonly routes: readonly HttpApiRoute[],
    private readonly fn: SimulatedFunction,
    private readonly world: World,
  ) {
    this.chance = world.chance.of('api');
  }

  /** A function read an item. */
  sawRead(key: unknown, by: Worker): void {
    const reading = this.reading.get(by);
    if (reading && reading.key === key) reading.seen();
  }

  /** @param awaited partition key of the item that `underWay` waits for. */
  send(request: HttpRequest, awaited = ''): Sent {
    const { world, chance } = this;
    const { faults } = world;
    const copies = faults.happens('request repeated') ? 2 : 1;
    const unread = new Set(Array.from({ length: copies }, (_, copy) => copy));
    let read = (): void => {};
    const underWay = new Promise<void>((resolve) => {
      read = () => world.wake(resolve);
    });
    const started = (copy: number) => {
      if (unread.delete(copy) && unread.size === 0) read();
    };
    const response = new Promise<HttpResponse>((resolve) => {
      for (let copy = 0; copy < copies; copy++) {
        world.after(chance.mostlySmall(5, 3000), () => {
          this.serve(
            request,
            awaited,
            () => started(copy),
            (answer) => {
              world.trace.add('api', `${request.method} ${answer.status}`);
              if (copy > 0 || faults.happens('response lost')) return;
              world.after(chance.mostlySmall(5, 500), () => world.wake(() => resolve(answer)));
            },
          );
        });
      }
    });
    return { response, underWay, copies };
  }

  private serve(
    { method, url, headers, body }: HttpRequest,
    key: string,
    started: () => void,
    answer: (response: HttpResponse) => void,
  ): void {
    const { pathname, searchParams, host } = new URL(url);
    const match = matchRoute(this.routes, method, pathname);
    const refusal = this.world.faults.happens('request throttled') ? 429 : match ? undefined : 404;
    if (!match || refusal !== undefined) {
      started();
      answer({ status: refusal ?? 404, headers: {}, body: '' });
      return;
    }
    const event = {
      routeKey: match.route.routeKey,
      pathParameters: match.parameters,
      queryStringParameters: Object.fromEntries(searchParams),
      headers,
      requestContext: { domainName: host },
      isBase64Encoded: false,
      ...(body !== undefined && { body }),
    };
    const reading = { key, seen: started };
    let worker: Worker | undefined;
    let ended = false;
    worker = this.fn.invoke(event, (result) => {
      ended = true;
      reading.seen();
      if (worker && this.reading.get(worker) === reading) this.reading.delete(worker);
      answer('value' in result ? responseOf(result.value) : { status: 500, headers: {}, body: '' });
    });
    if (!ended) this.reading.set(worker, reading);
  }
}

function responseOf(value: unknown): HttpResponse {
  const { statusCode, headers, body } = value as { statusCode: number; headers: HttpResponse['headers']; body: string };
  return { status: statusCode, headers, body };
}
