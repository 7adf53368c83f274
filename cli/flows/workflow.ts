import type { JsonSchema } from '@valibot/to-json-schema';
import { bodySchema } from '../events/body-schemas';
import { IS_TEST } from './message';
import type { FlowWish, Then } from './wish';

/** A definition in Microsoft's workflow definition language, which Power Automate and Logic Apps share. */
export interface WorkflowDefinition {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly parameters: Readonly<Record<string, object>>;
  readonly triggers: Readonly<Record<string, object>>;
  readonly actions: Readonly<Record<string, object>>;
  readonly outputs: object;
}

/** The connector of the action, and the action's name as the designer gives it. */
export const ACTIONS: Readonly<Record<Then, { readonly api: string; readonly title: string; readonly name: string }>> =
  {
    teams: { api: 'teams', title: 'Microsoft Teams', name: 'Post_message_in_a_chat_or_channel' },
    email: { api: 'office365', title: 'Office 365 Outlook', name: 'Send_an_email_(V2)' },
  };

/** What the two products write differently. */
interface Dialect {
  readonly parameters: WorkflowDefinition['parameters'];
  /** Beside the schema. */
  readonly triggerInputs: object;
  /** The action that tells people, but for when it runs. */
  readonly tell: (schema: JsonSchema) => object;
}

/** The flow: started over HTTP, it ends if it is only tried out, and tells people otherwise. */
export function workflowDefinition(wish: FlowWish, { parameters, triggerInputs, tell }: Dialect): WorkflowDefinition {
  const schema = bodySchema(wish.trigger, 'flat');
  const { $schema: _, ...requestSchema } = schema;
  return {
    $schema:
      'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
    contentVersion: '1.0.0.0',
    parameters,
    triggers: {
      // The name is part of the URL; the designer gives this one.
      manual: { type: 'Request', kind: 'Http', inputs: { ...triggerInputs, schema: requestSchema } },
    },
    actions: {
      Is_it_a_test: {
        runAfter: {},
        type: 'If',
        expression: { and: [{ equals: [IS_TEST, true] }] },
        // A run that ends so has succeeded: runs that fail would get the flow switched off one day.
        actions: { End_the_test: { runAfter: {}, type: 'Terminate', inputs: { runStatus: 'Succeeded' } } },
        else: { actions: {} },
      },
      [ACTIONS[wish.by].name]: { runAfter: { Is_it_a_test: ['Succeeded'] }, ...tell(schema) },
    },
    outputs: {},
  };
}
