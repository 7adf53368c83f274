import type { JsonSchema } from '@valibot/to-json-schema';
import { bodySchema } from '../events/body-schemas';
import type { FlowAction, FlowSpec } from './flow-spec';
import { IS_TEST } from './message';

/** A definition in Microsoft's workflow definition language, which Power Automate and Logic Apps share. */
export interface WorkflowDefinition {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly parameters: Readonly<Record<string, object>>;
  readonly triggers: Readonly<Record<string, object>>;
  readonly actions: Readonly<Record<string, object>>;
  readonly outputs: object;
}

interface ActionNames {
  /** Microsoft's connector of the action. */
  readonly api: string;
  readonly title: string;
  /** Name of the action in the designer. */
  readonly name: string;
}

export const ACTIONS: Readonly<Record<FlowAction, ActionNames>> = {
  teams: { api: 'teams', title: 'Microsoft Teams', name: 'Post_message_in_a_chat_or_channel' },
  email: { api: 'office365', title: 'Office 365 Outlook', name: 'Send_an_email_(V2)' },
};

/** Differences between Power Automate and Logic Apps. */
interface Dialect {
  readonly parameters: WorkflowDefinition['parameters'];
  /** Inputs of the trigger, in addition to the schema. */
  readonly triggerInputs: object;
  /** The action that sends the message, without runAfter. */
  readonly messageAction: (schema: JsonSchema) => object;
}

/** A flow with an HTTP trigger that sends a message, and ends without one for a test body. */
export function workflowDefinition(
  spec: FlowSpec,
  { parameters, triggerInputs, messageAction }: Dialect,
): WorkflowDefinition {
  const schema = bodySchema(spec.trigger, 'flat');
  const { $schema: _, ...requestSchema } = schema;
  return {
    $schema:
      'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
    contentVersion: '1.0.0.0',
    parameters,
    triggers: {
      // The name is part of the URL. The designer uses the same one.
      manual: { type: 'Request', kind: 'Http', inputs: { ...triggerInputs, schema: requestSchema } },
    },
    actions: {
      Is_it_a_test: {
        runAfter: {},
        type: 'If',
        expression: { and: [{ equals: [IS_TEST, true] }] },
        // Must count as a success: Power Automate switches off flows whose runs keep failing.
        actions: { End_the_test: { runAfter: {}, type: 'Terminate', inputs: { runStatus: 'Succeeded' } } },
        else: { actions: {} },
      },
      [ACTIONS[spec.action].name]: { runAfter: { Is_it_a_test: ['Succeeded'] }, ...messageAction(schema) },
    },
    outputs: {},
  };
}
