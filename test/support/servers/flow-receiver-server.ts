import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';

/** The local run's flow receiver on a free port. */
export class FlowReceiverServer {
  readonly flows = new FlowReceiver();
  private readonly server = createServer((request, response) => void this.flows.handle(request, response));

  static async start(): Promise<FlowReceiverServer> {
    const started = new FlowReceiverServer();
    await once(started.server.listen(0, '127.0.0.1'), 'listening');
    return started;
  }

  url(flow: string): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/flows/${flow}?sig=0123456789-0123456789-0123456789`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
