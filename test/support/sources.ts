import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { SOURCE_KINDS, type SourceKind } from '../../lib/private/contract';

const FOLDER = join(dirname(__dirname), 'fixtures/sources');

/** An event of a service, as EventBridge hands it over. */
export interface SampleEvent {
  readonly 'detail-type': string;
  readonly source: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A sample event, where it is from, and what of it was changed. */
export interface Sample {
  readonly from: string;
  readonly changed?: string;
  readonly event: SampleEvent;
}

/** The sample events of `test/fixtures/sources`, by their files' names. */
export const SAMPLES: Readonly<Record<string, Sample>> = Object.fromEntries(
  readdirSync(FOLDER)
    .toSorted()
    .map((file) => [basename(file, '.json'), JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))]),
);

export function sample(name: string): SampleEvent {
  const found = SAMPLES[name];
  if (!found) throw new Error(`there is no sample ${name}`);
  return found.event;
}

/** A sample as it is put on the default bus. */
export const entryOf = (event: SampleEvent): PutEventsRequestEntry => ({
  EventBusName: 'default',
  Source: event.source,
  DetailType: event['detail-type'],
  Time: new Date(event.time),
  Resources: [...event.resources],
  Detail: JSON.stringify(event.detail),
});

/** The kind of source that a sample is of, by its file's name. */
export function kindOf(name: string): SourceKind {
  const kind = SOURCE_KINDS.find((one) => name.startsWith(`${one}-`));
  if (!kind) throw new Error(`the sample ${name} is of no kind of source`);
  return kind;
}
