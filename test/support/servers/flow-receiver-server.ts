import { createServer } from 'node:http';
import { close, LOOPBACK, listen } from '../../../local/engines/protocol/http';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';

/** The local run's flow receiver on a free port. */
export class FlowReceiverServer {
  readonly flows = new FlowReceiver();
  private readonly server = createServer((request, response) => void this.flows.handle(request, response));
  private port = 0;

  static async start(): Promise<FlowReceiverServer> {
    const started = new FlowReceiverServer();
    started.port = await listen(started.server, 0);
    return started;
  }

  url(flow: string): string {
    return `http://${LOOPBACK}:${this.port}/flows/${flow}?sig=0123456789-0123456789-0123456789`;
  }

  /** A secret with the URLs of flows by name. */
  secret(...flows: string[]): string {
    return JSON.stringify(Object.fromEntries(flows.map((flow) => [flow, this.url(flow)])));
  }

  stop(): Promise<void> {
    return close(this.server);
  }
}
