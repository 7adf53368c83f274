import * as v from 'valibot';
import { FLOW_RESPONSES } from './flow-responses';
import { READ_RESPONSES } from './read-responses';
import { listOf, nextLink, text } from './response-field';

const listItem = v.pipe(
  v.object({
    name: text('Name', 'The value to use in a trigger or action.'),
    title: text('Title', 'The text that a list shows.'),
  }),
  v.title('Item'),
);

/** Schemas of the API's responses, for their types and for the definition of the connector. */
export const RESPONSES = {
  Registration: v.object({
    subscription: text('Subscription', "Name of the flow's subscription, as the operator sees it."),
  }),
  Caller: v.object({
    id: text('Caller', 'The caller as the operator sees it: a key or an account of Microsoft Entra ID.'),
    name: text('Name', 'Name of the key or of the account.'),
    connector: text('Connector', 'ID of the connector.'),
    version: text('Version', "Version of the connector's definition that the API serves."),
  }),
  List: v.object({
    value: listOf(listItem, 'Items', 'The items of this page, sorted by name.'),
    ...nextLink,
  }),
  ...READ_RESPONSES,
  ...FLOW_RESPONSES,
  Outcome: v.object({
    deliveryId: text('Delivery id', 'The delivery that the report is about.'),
    outcome: text('Outcome', 'The outcome of the delivery: succeeded, or failed if no report said that it succeeded.'),
  }),
  Problem: v.object({
    code: text('Code', 'Kind of the problem.'),
    message: text('Message', 'What is wrong and what to do.'),
  }),
} as const;

export type ResponseName = keyof typeof RESPONSES;
export type ResponseBody<Name extends ResponseName> = v.InferOutput<(typeof RESPONSES)[Name]>;
