import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Plan } from '../../../local/template/model/plan';
import { SAMPLES } from '../../support/app/sources';
import { Companions } from '../companions';
import type { Target } from '../fuzz';
import { mutated, oddText } from '../mutations';

interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
}

const asyncApi = JSON.parse(readFileSync(join(__dirname, '../../../docs/events/asyncapi.json'), 'utf8'));
/** The examples of the published schemas, and events of the services of every kind of source. */
const VALID: readonly BusEvent[] = [
  ...Object.values<{ examples: { payload: Record<string, never> }[] }>(asyncApi.components.messages).flatMap(
    ({ examples }) => examples.map(({ payload }) => payload),
  ),
  ...Object.values(SAMPLES).map(({ event }) => event as unknown as Record<string, never>),
].map((event) => ({ source: String(event.source), detailType: String(event['detail-type']), detail: event.detail }));

/** EventBridge accepts only an object as a detail, and its own limits of the other fields. */
const isAccepted = (detail: unknown): boolean =>
  typeof detail === 'object' && detail !== null && !Array.isArray(detail) && JSON.stringify(detail).length < 256 * 1024;

const event: fc.Arbitrary<BusEvent> = fc.constantFrom(...VALID).chain(({ source, detailType, detail }) =>
  fc.record({
    source: fc.constant(source),
    detailType: fc.oneof(
      { weight: 20, arbitrary: fc.constant(detailType) },
      { weight: 1, arbitrary: oddText.filter((text) => text !== '' && text.length <= 128) },
    ),
    detail: mutated([detail]).map((made) => (isAccepted(made) ? made : { value: made })),
  }),
);
const BATCH = 10;
/** Runs with the same stand. */
const RUNS = 20;

/** Events of a stranger on the bus: of producers, of the connector itself and of AWS services. */
export const busEvents = (plan: Plan): Target<BusEvent[]> => ({
  name: 'bus events',
  inputs: fc.array(event, { minLength: BATCH, maxLength: BATCH }),
  batch: BATCH,
  async start() {
    let runs = 0;
    let companions: Companions;
    return {
      async run(events) {
        if (runs++ % RUNS === 0) companions = await Companions.start(plan);
        return companions.with(({ bus }) => {
          for (const { detail, ...rest } of events) bus.put({ ...rest, detail: JSON.stringify(detail) });
        });
      },
    };
  },
});
