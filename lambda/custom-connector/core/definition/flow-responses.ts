import * as v from 'valibot';
import { flag, instant, integer, listOf, text } from './response-field';

const nextLink = v.optional(text('Next page', 'Address of the next page. Absent on the last page.'));

const flow = v.pipe(
  v.object({
    name: text('Flow', "Name of the flow's subscription: the value to use in an action."),
    title: text('Title', 'What the flow waits for.'),
    trigger: text('Trigger', 'The trigger id, such as segment-threshold-crossed.'),
    state: text(
      'State',
      'active; paused: the deliveries are held until the flow is fixed; or unregistered: the flow was switched off, deleted or changed, and is removed soon.',
    ),
    reason: v.optional(text('Reason', 'Why deliveries are held.')),
    registeredAt: instant('Registered at', 'When the flow was last saved or switched on'),
    flowLink: v.optional(text('Link to the flow', 'The link that the trigger has, if any.')),
  }),
  v.title('Flow'),
);

const delivery = v.pipe(
  v.object({
    deliveryId: text('Delivery id', 'Id of the delivery, as in the body that the flow received.'),
    eventId: text('Event id', 'Id of the event, as in the body that the flow received.'),
    trigger: text('Trigger', 'The trigger id.'),
    status: text(
      'Status',
      'pending: not accepted yet; delivered: the flow accepted it; held: until the flow is no longer paused; dead: not sent again without a replay; canceled: the flow was unregistered.',
    ),
    acceptedAt: instant('Accepted at', 'When the connector accepted the event'),
    occurredAt: instant('Occurred at', 'When the event happened'),
    isTest: flag('Is test', 'True for a test event.'),
    attempts: integer('Attempts', 'Number of attempts, up to the newest 20.'),
    lastAttemptAt: v.optional(instant('Last attempt at', 'When the last attempt was made')),
    httpStatus: v.optional(integer('HTTP status', 'HTTP status of the last response of the flow.')),
    error: v.optional(text('Error', 'Why the last attempt failed.')),
    flowRunId: v.optional(text('Flow run id', 'Id of the run of the flow, as in its run history.')),
  }),
  v.title('Delivery'),
);

/** Responses of the operations that concern the caller's own flows. */
export const FLOW_RESPONSES = {
  Flows: v.object({
    value: listOf(flow, 'Flows', 'The flows of this page.'),
    '@odata.nextLink': nextLink,
  }),
  Deliveries: v.object({
    value: listOf(delivery, 'Deliveries', 'The deliveries of this page, newest first.'),
    '@odata.nextLink': nextLink,
  }),
  TestEvent: v.object({
    deliveryId: text('Delivery id', 'Id of the delivery of the test event, as in the body that the flow receives.'),
  }),
  Replay: v.object({
    count: integer('Count', 'Number of deliveries that are sent again.'),
    skipped: integer(
      'Skipped',
      'Number of deliveries that are not sent: they are already being sent, or belong to an earlier registration of the flow.',
    ),
    hasMore: flag('Has more', 'True if deliveries are left for another call.'),
    message: text('Message', 'The result as a sentence.'),
  }),
} as const;
