import { CrossingEvent, DomainEvent, HealthEvent, OverdueEvent } from '../../contract/events';
import { DEFAULT_EVENT_SOURCE } from '../../contract/shared';
import { type DefinedDetailType, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { EVENT_EXAMPLES } from './event-examples';
import { eventSchemas } from './event-schemas';

const DETAIL_TYPES = Object.keys(EVENT_DEFINITIONS) as DefinedDetailType[];
const ref = (path: string) => ({ $ref: path });
const byDetailType = <T>(make: (detailType: DefinedDetailType) => T) =>
  Object.fromEntries(DETAIL_TYPES.map((detailType) => [detailType, make(detailType)]));

/** The envelope of an event (EventBridge user guide, "Event structure"). */
const ENVELOPE = {
  title: 'Envelope',
  description: 'The envelope that EventBridge adds to every event.',
  type: 'object',
  properties: {
    version: { type: 'string', description: 'Always 0.' },
    id: { type: 'string', description: 'Id that EventBridge assigns. Duplicate events have other ids.' },
    'detail-type': { type: 'string', description: 'Name of the event.' },
    source: {
      type: 'string',
      description: `The connector's eventSource. Default: ${DEFAULT_EVENT_SOURCE}.`,
    },
    account: { type: 'string', description: 'The AWS account that put the event.' },
    time: {
      type: 'string',
      format: 'date-time',
      description: 'When the event happened, if the producer sets it. Otherwise, when EventBridge received it.',
    },
    region: { type: 'string', description: 'The AWS Region.' },
    resources: { type: 'array', items: { type: 'string' }, description: 'Empty unless the producer sets it.' },
    detail: { type: 'object', description: 'Data of the event.' },
  },
  required: ['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'],
};

/** Events that the connector sends and receives. */
const OPERATIONS = {
  receiveProducerEvents: {
    action: 'receive',
    summary: 'Events of producers.',
    events: Object.values(DomainEvent),
  },
  sendCollectedRefreshes: {
    action: 'send',
    summary: 'One event for the run, if producers only report its stages.',
    events: [DomainEvent.FULL_REFRESHED, DomainEvent.UNIFICATION_REFRESHED],
  },
  sendThresholdCrossings: {
    action: 'send',
    summary: "Segments and measures that crossed a subscription's threshold.",
    events: Object.values(CrossingEvent),
  },
  sendOverdueRefreshes: {
    action: 'send',
    summary: 'Expected refreshes that did not come, and those that came at last.',
    events: Object.values(OverdueEvent),
  },
  sendHealth: {
    action: 'send',
    summary: 'Paused and resumed subscriptions, dead deliveries, and flows that failed or did not report.',
    events: Object.values(HealthEvent),
  },
};

/** The AsyncAPI 3.0 document of the bus. The schemas of the details are in the same folder. */
export function asyncApi(): object {
  const schemas = eventSchemas();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Power Automate connector',
      // Version of the events. New versions only add fields and events, so readers stay compatible.
      version: '1.0.0',
      description: 'The events on the Amazon EventBridge bus of a connector.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      bus: {
        address: '{eventBusName}',
        title: 'Event bus',
        description: 'The EventBridge bus that producers put their events on.',
        parameters: { eventBusName: { description: "The bus's name: output EventBusName of the connector's stack." } },
        messages: byDetailType((detailType) => ref(`#/components/messages/${detailType}`)),
      },
    },
    operations: Object.fromEntries(
      Object.entries(OPERATIONS).map(([name, { action, summary, events }]) => [
        name,
        {
          action,
          channel: ref('#/channels/bus'),
          summary,
          messages: events.map((detailType) => ref(`#/channels/bus/messages/${detailType}`)),
        },
      ]),
    ),
    components: {
      messages: byDetailType((detailType) => ({
        name: detailType,
        title: detailType,
        summary: schemas[detailType].description,
        contentType: 'application/json',
        payload: {
          allOf: [
            ref('#/components/schemas/Envelope'),
            {
              type: 'object',
              properties: { 'detail-type': { const: detailType }, detail: ref(`./${detailType}.schema.json`) },
            },
          ],
        },
        examples: EVENT_EXAMPLES[detailType].map((detail) => ({ payload: envelope(detailType, detail) })),
      })),
      schemas: { Envelope: ENVELOPE },
    },
  };
}

const envelope = (detailType: DefinedDetailType, detail: object) => ({
  version: '0',
  id: '7bf73129-1428-4cd3-a780-95db273d1602',
  'detail-type': detailType,
  source: DEFAULT_EVENT_SOURCE,
  account: '123456789012',
  time: '2026-11-05T09:45:00Z',
  region: 'eu-west-1',
  resources: [],
  detail,
});
