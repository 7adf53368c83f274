/**
 * The format `cloudevents`: CloudEvents 1.0 in structured mode, for flows that forward events to CloudEvents consumers
 * (github.com/cloudevents/spec, cloudevents/spec.md and cloudevents/formats/json-format.md).
 *
 * Sent as `application/json`: the trigger reads its schema's fields from JSON, and no source says that it accepts
 * `application/cloudevents+json`.
 */
import * as v from 'valibot';
import type { TriggerId } from '../../../../contract/events';
import type { Origin } from '../../../events/core/origin';
import { cut, oneLine } from '../../../shared/core/text';
import { subjectText } from '../../../subscriptions/core/matching';
import { flatBody } from './flat';
import { FLAT_BODIES, type FlatBody } from './flat-schema';
import type { BodyInput } from './input';

/** Longest subject, characters. */
const MAX_SUBJECT_LENGTH = 200;

const eventType = <T extends TriggerId>(trigger: T) => `customer-insights.${trigger}` as const;

/** Attributes must not contain noncharacters or control characters (spec.md, String). Fields have none of the latter. */
const attributeText = (text: string): string => oneLine(text).replaceAll(/\p{Noncharacter_Code_Point}/gu, '');

const attribute = (title: string, description: string) =>
  v.pipe(v.string(), v.minLength(1), v.title(title), v.description(description));

const envelope = <T extends TriggerId>(trigger: T) => {
  const data = FLAT_BODIES[trigger];
  const type = eventType(trigger);
  return v.pipe(
    v.object({
      specversion: v.pipe(v.literal('1.0'), v.title('CloudEvents version'), v.description('Always 1.0.')),
      id: attribute('Id', 'Identity of the event, the same for every retry. Unique together with the source.'),
      source: attribute('Source', 'The instance of the customer data platform: /customer-insights/ and its id.'),
      type: v.pipe(v.literal(type), v.title('Type'), v.description(`Always ${type}.`)),
      subject: v.optional(attribute('Subject', 'The data source, segment, measure or run of the event.')),
      time: attribute('Time', 'When the event happened, ISO 8601 in UTC.'),
      awsaccount: v.optional(attribute('AWS account', 'As awsAccount in the data, if it is not empty.')),
      awsregion: v.optional(attribute('AWS Region', 'As awsRegion in the data, if it is not empty.')),
      datacontenttype: v.pipe(
        v.literal('application/json'),
        v.title('Content type of the data'),
        v.description('Always application/json.'),
      ),
      data,
    }),
    v.title(`CloudEvent ${type}`),
    v.description('CloudEvents 1.0 event that a flow receives. Its data has the fields of the format flat.'),
  );
};

/** One definition per trigger, for the check of its body and the published JSON Schema. */
export const CLOUDEVENTS_BODIES = {
  'data-source-refresh-failed': envelope('data-source-refresh-failed'),
  'data-source-refresh-succeeded': envelope('data-source-refresh-succeeded'),
  'segment-threshold-crossed': envelope('segment-threshold-crossed'),
  'measure-threshold-crossed': envelope('measure-threshold-crossed'),
  'full-refresh-completed': envelope('full-refresh-completed'),
  'unification-refresh-completed': envelope('unification-refresh-completed'),
  'refresh-overdue': envelope('refresh-overdue'),
} as const satisfies Record<TriggerId, unknown>;

/** Body in the format `cloudevents`. */
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
    ...originAttributes(data as Origin),
    datacontenttype: 'application/json',
    data,
  };
}

const originAttributes = ({ awsAccount = '', awsRegion = '' }: Origin) => {
  const [awsaccount, awsregion] = [attributeText(awsAccount), attributeText(awsRegion)];
  return { ...(awsaccount !== '' && { awsaccount }), ...(awsregion !== '' && { awsregion }) };
};
