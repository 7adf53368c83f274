import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { readSubscriptionFile } from '../../../cli/subscriptions/subscription-file';
import { register } from '../../../lambda/registration/core/register';
import { readEvents } from '../../../local/run/event-file';
import { type Replay, replay } from '../../../local/run/replay';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import type { LocalStack } from '../../../local/stack';
import type { LocalConnector } from '../../../local/stack/connector';

const EXAMPLE = join(__dirname, '../../../examples/retailer');

interface RetailerOptions {
  /** URL of the flows' folder. */
  readonly flows: string;
  /** Entries to append to the subscription file. */
  readonly more?: string;
  readonly onRefused?: Replay['onRefused'];
}

/** Registers the subscriptions of examples/retailer, replays its events, and returns their number. */
export async function playRetailer(
  stack: LocalStack,
  { registry, busName }: LocalConnector,
  { flows, more = '', onRefused = () => {} }: RetailerOptions,
): Promise<number> {
  const file = join(EXAMPLE, 'subscriptions.yaml');
  const options = { file, environment: { LOCAL_FLOWS: flows }, loopback: true };
  const { entries } = readSubscriptionFile(readFileSync(file, 'utf8') + more, options);
  for (const entry of entries) await register(entry, 'file:default', registry);
  const history = readEvents(readFileSync(join(EXAMPLE, 'events.jsonl'), 'utf8'), 'events.jsonl');
  const client = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  const [room, settled] = [() => stack.whenRoom(Number.POSITIVE_INFINITY), () => stack.whenIdle()];
  await replay(history, { client, busName, room, settled, onProgress() {}, onRefused });
  client.destroy();
  return history.length;
}
