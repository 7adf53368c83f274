import { afterAll, beforeAll } from 'vitest';
import { type Endpoint, startEndpoint } from '../../../local/engines/protocol/endpoint';

/** Configuration of a client that calls a stub. */
interface StubConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * A client of an AWS service, and a stub that serves `operations` to it. The stub runs during the tests of the file that
 * calls this. Read the fields inside the tests.
 */
export function useStub<Client extends { destroy(): void }>(
  ServiceClient: new (config: StubConfig) => Client,
  operations: Parameters<Endpoint['serve']>[0],
): { readonly client: Client; readonly url: string } {
  const stub = {} as { client: Client; url: string };
  let endpoint: Endpoint;
  beforeAll(async () => {
    endpoint = await startEndpoint({ port: 0 });
    endpoint.serve(operations);
    stub.url = endpoint.url;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    stub.client = new ServiceClient({ endpoint: endpoint.url, region: 'us-east-1', credentials });
  });
  afterAll(async () => {
    stub.client.destroy();
    await endpoint.stop();
  });
  return stub;
}
