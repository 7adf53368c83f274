import { join } from 'node:path';
import { build } from 'esbuild';
import type { Call } from './services';

const ROOT = join(__dirname, '..', '..');

/** Package and client of each service. */
const CLIENTS: Readonly<Record<string, readonly [packageName: string, client: string]>> = {
  DynamoDB: ['client-dynamodb', 'DynamoDBClient'],
  SQS: ['client-sqs', 'SQSClient'],
  KMS: ['client-kms', 'KMSClient'],
  EventBridge: ['client-eventbridge', 'EventBridgeClient'],
  Glue: ['client-glue', 'GlueClient'],
  Athena: ['client-athena', 'AthenaClient'],
  EntityResolution: ['client-entityresolution', 'EntityResolutionClient'],
};

/** A call of the SDK, or a plain HTTP request. */
type BareCall =
  | { readonly service: string; readonly operation: string; readonly input: Readonly<Record<string, unknown>> }
  | { readonly method: string; readonly path: string; readonly headers: Call['headers']; readonly body: string };

/** Not an operation in a header: Entity Resolution is a REST API. */
const MATCHING_JOBS = /^GET \/matchingworkflows\/([^/]+)\/jobs$/;

function bareCall({ name, path, headers, body }: Call): BareCall {
  const workflowName = MATCHING_JOBS.exec(name)?.[1];
  if (workflowName !== undefined) {
    return { service: 'EntityResolution', operation: 'ListMatchingJobs', input: { workflowName } };
  }
  const [service, operation] = name.split(' ') as [string, string | undefined];
  if (operation !== undefined) return { service, operation, input: JSON.parse(body) };
  const { host: _, connection: __, ...sent } = headers;
  return { method: service, path, headers: sent, body };
}

/**
 * Builds a bundle that makes the same calls with bare SDK clients, one after the other, and nothing else. It has the
 * options of the shipped bundles.
 * @returns the event with which the bundle is invoked.
 */
export async function buildBare(calls: readonly Call[], outfile: string): Promise<{ calls: readonly BareCall[] }> {
  const all = calls.map(bareCall);
  const services = [...new Set(all.flatMap((call) => ('service' in call ? call.service : [])))];
  const imports = services.map((service) => {
    const [packageName, client] = CLIENTS[service] ?? [];
    if (!packageName) throw new Error(`the bare bundle knows no client of ${service}`);
    const operations = new Set(
      all.flatMap((call) => ('service' in call && call.service === service ? call.operation : [])),
    );
    const commands = [...operations].map((operation) => `${operation}Command`);
    return {
      line: `import { ${[client, ...commands].join(', ')} } from '@aws-sdk/${packageName}';`,
      client: `${service}: new ${client}({})`,
      commands: `${service}: { ${[...operations].map((operation) => `${operation}: ${operation}Command`).join(', ')} }`,
    };
  });
  const contents = `
    ${imports.map(({ line }) => line).join('\n')}
    import { Agent, request } from 'node:https';
    const clients = { ${imports.map(({ client }) => client).join(', ')} };
    const commands = { ${imports.map(({ commands }) => commands).join(', ')} };
    const agent = new Agent({ keepAlive: true });
    const plain = ({ method, path, headers, body }) => new Promise((resolve, reject) => {
      request(process.env.AWS_ENDPOINT_URL + path, { method, headers, agent }, (response) =>
        response.resume().on('end', resolve)).on('error', reject).end(body);
    });
    export const handler = async ({ calls }) => {
      for (const call of calls) {
        if (call.method) await plain(call);
        else {
          const { service, operation, input } = call;
          if (input.CiphertextBlob) input.CiphertextBlob = Buffer.from(input.CiphertextBlob, 'base64');
          await clients[service].send(new commands[service][operation](input));
        }
      }
    };`;
  await build({
    stdin: { contents, resolveDir: ROOT },
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  return { calls: all };
}
