import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { checkEvent } from '../../lambda/events/core/events';
import { type BusEvent, EventBuses } from '../../local/bus/event-bus';
import { type Endpoint, startEndpoint } from '../../local/engines/protocol/endpoint';

const ROOT = join(__dirname, '../..');

/** An app outside the repository with the shipped producers' library and the AWS SDK. */
export interface App {
  readonly folder: string;
  /** Writes a file. */
  write(name: string, text: string): void;
  /** Copies a file of the repository. */
  copy(file: string): string;
  /** Runs a program in the app's folder. Rejects with its output if it fails. */
  run(program: string, options: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): void;
}

export function makeApp(): App {
  const library = join(ROOT, 'dist/events');
  if (!existsSync(library)) throw new Error('there is no dist/events: run node scripts/build.mjs --events');
  const folder = mkdtempSync(join(tmpdir(), 'producer-'));
  const place = join(folder, 'node_modules/cdk-power-automate-connector');
  mkdirSync(join(place, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(place, 'package.json'));
  cpSync(library, join(place, 'dist/events'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules/@aws-sdk'), join(folder, 'node_modules/@aws-sdk'));
  return {
    folder,
    write: (name, text) => writeFileSync(join(folder, name), text),
    copy: (file) => {
      const to = join(folder, file.slice(file.lastIndexOf('/') + 1));
      cpSync(join(ROOT, file), to);
      return to;
    },
    run: async (program, options, env = {}) => {
      const base = { PATH: process.env.PATH ?? '', HOME: tmpdir(), PYTHONDONTWRITEBYTECODE: '1' };
      const { stdout } = await promisify(execFile)(program, options, { cwd: folder, env: { ...base, ...env } }).catch(
        (error) => {
          throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
        },
      );
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Environment of an AWS SDK in another process for a local endpoint. */
export const awsVariables = (url: string) => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** An endpoint with a bus named `bus`, which passes its events to `onEvent`. */
export async function startBus(onEvent: (event: BusEvent) => void): Promise<Endpoint> {
  const endpoint = await startEndpoint({ port: 0 });
  const buses = new EventBuses({
    account: '000000000000',
    region: 'us-east-1',
    busArns: { bus: 'arn:aws:events:us-east-1:000000000000:event-bus/bus' },
    rules: [],
    onEvent,
  });
  endpoint.serve({ 'AWSEvents.PutEvents': (input) => buses.putEvents(input) });
  return endpoint;
}

/** Details of events as the connector reads them. Throws the reason of a rejection. */
export const readDetails = (events: readonly BusEvent[]) =>
  events.map((event) => {
    const checked = checkEvent(JSON.stringify(event));
    if ('reason' in checked) throw new Error(checked.reason);
    return checked.value.detail;
  });

/** An app and a bus for the tests of a file. */
export interface Producer {
  app: App;
  endpoint: Endpoint;
  /** Events on the bus in the current test. */
  taken: BusEvent[];
  /** Environment of the app. */
  variables: Record<string, string>;
}

export function useProducer(): Producer {
  const producer = {} as Producer;
  beforeAll(async () => {
    producer.app = makeApp();
    producer.endpoint = await startBus((event) => producer.taken.push(event));
    producer.variables = { ...awsVariables(producer.endpoint.url), EVENT_BUS_NAME: 'bus' };
  });
  afterAll(async () => {
    await producer.endpoint.stop();
    producer.app.remove();
  });
  beforeEach(() => {
    producer.taken = [];
  });
  return producer;
}
