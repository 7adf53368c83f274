import { Agent, request } from 'node:http';

/** POSTs JSON over kept connections. @param concurrency number of connections. */
export class PostLoop {
  private readonly agent: Agent;

  constructor(private readonly concurrency: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  }

  /** POSTs all bodies, `concurrency` at a time. Rejects if a response is not a success. */
  async all(url: string, bodies: readonly string[]): Promise<void> {
    const next = bodies.values();
    const worker = async () => {
      for (const body of next) await this.post(url, body);
    };
    await Promise.all(Array.from({ length: this.concurrency }, worker));
  }

  private post(url: string, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(url, { method: 'POST', agent: this.agent, headers }, (response) => {
        const { statusCode = 0 } = response;
        response.resume().once('end', () => (statusCode < 300 ? resolve() : reject(new Error(`status ${statusCode}`))));
      });
      sent.once('error', reject).end(body);
    });
  }
}
