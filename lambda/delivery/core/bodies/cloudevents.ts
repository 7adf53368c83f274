/**
 * The format `cloudevents`: CloudEvents 1.0 in the structured mode, for flows that pass on to what speaks CloudEvents
 * (github.com/cloudevents/spec, cloudevents/spec.md and cloudevents/formats/json-format.md).
 *
 * It is sent as `application/json`, not as `application/cloudevents+json`: the trigger reads its schema's fields from
 * JSON, and no source was found for its taking the other type.
 */
import * as v from 'valibot';
import type { TriggerId } from '../../../../contract/events';
import { cut, oneLine } from '../../../shared/core/text';
import { subjectText } from '../../../subscriptions/core/matching';
import { flatBody } from './flat';
import { FLAT_BODIES, type FlatBody } from './flat-schema';
import type { BodyInput } from './input';

/** Longest subject, characters. */
const MAX_SUBJECT_LENGTH = 200;

const eventType = <T extends TriggerId>(trigger: T) => `customer-insights.${trigger}` as const;

/** An attribute may hold neither control characters, which the fields do not have, nor noncharacters (spec.md, String). */
const attributeText = (text: string): string => oneLine(text).replaceAll(/\p{Noncharacter_Code_Point}/gu, '');

const attribute = (title: string, description: string) =>
  v.pipe(v.string(), v.minLength(1), v.title(title), v.description(description));

const envelope = <T extends TriggerId>(trigger: T) => {
  const data = FLAT_BODIES[trigger];
  const type = eventType(trigger);
  return v.pipe(
    v.object({
      specversion: v.pipe(v.literal('1.0'), v.title('CloudEvents version'), v.description('Always 1.0.')),
      id: attribute('Id', 'Identity of what happened; the same when it is sent again. With the source it is unique.'),
      source: attribute('Source', 'The instance of the customer data platform: /customer-insights/ and its id.'),
      type: v.pipe(v.literal(type), v.title('Type'), v.description(`Always ${type}.`)),
      subject: v.optional(attribute('Subject', 'What it is about: the data source, segment, measure or run.')),
      time: attribute('Time', 'When it happened, ISO 8601 in UTC.'),
      datacontenttype: v.pipe(
        v.literal('application/json'),
        v.title('Content type of the data'),
        v.description('Always application/json.'),
      ),
      data,
    }),
    v.title(`CloudEvent ${type}`),
    v.description('CloudEvents 1.0 event that a flow receives; its data has the fields of the format flat.'),
  );
};

/** One definition per trigger: gives the check of its body and the published JSON Schema. */
export const CLOUDEVENTS_BODIES = {
  'data-source-refresh-failed': envelope('data-source-refresh-failed'),
  'data-source-refresh-succeeded': envelope('data-source-refresh-succeeded'),
  'segment-threshold-crossed': envelope('segment-threshold-crossed'),
  'measure-threshold-crossed': envelope('measure-threshold-crossed'),
  'full-refresh-completed': envelope('full-refresh-completed'),
  'unification-refresh-completed': envelope('unification-refresh-completed'),
} as const satisfies Record<TriggerId, unknown>;

/** What a flow receives in the format `cloudevents`. */
export type CloudEvent = Omit<v.InferOutput<ReturnType<typeof envelope>>, 'data'> & { data: FlatBody };

export function cloudEvent(input: BodyInput, error: string): CloudEvent {
  const data = flatBody(input, error);
  const subject = cut(attributeText(subjectText(input.event)), MAX_SUBJECT_LENGTH);
  return {
    specversion: '1.0',
    id: attributeText(data.eventId),
    source: `/customer-insights/${encodeURIComponent(data.instanceId)}`,
    type: eventType(data.trigger),
    ...(subject !== '' && { subject }),
    time: data.occurredAt,
    datacontenttype: 'application/json',
    data,
  };
}
