import type { JsonSchema } from '@valibot/to-json-schema';
import { bodySchema } from '../events/body-schemas';
import type { FlowOutcome } from './connector-steps';
import type { FlowAction, FlowSpec } from './flow-spec';
import { IS_TEST, RUN_FAILED } from './message';

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

/** Differences between Power Automate and Logic Apps, and between the two triggers. */
interface Dialect {
  readonly parameters: WorkflowDefinition['parameters'];
  /** The trigger by its name. */
  readonly trigger: (bodySchema: object) => WorkflowDefinition['triggers'];
  /** The action that sends the message, without runAfter. */
  readonly messageAction: (schema: JsonSchema) => object;
  /** The action that reports the outcome of the run, without runAfter. @default - the flow does not report */
  readonly report?: (outcome: FlowOutcome, message?: string) => object;
}

/** The name is part of the URL. The designer uses the same one. */
export const httpTrigger = (inputs: object) => ({ manual: { type: 'Request', kind: 'Http', inputs } });

/** A flow that sends a message, unless the body is a test. */
export function workflowDefinition(
  spec: FlowSpec,
  { parameters, trigger, messageAction, report }: Dialect,
): WorkflowDefinition {
  const schema = bodySchema(spec.trigger, 'flat');
  const { $schema: _, ...requestSchema } = schema;
  const message = { name: ACTIONS[spec.action].name, action: messageAction(schema) };
  return {
    $schema:
      'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
    contentVersion: '1.0.0.0',
    parameters,
    triggers: trigger(requestSchema),
    actions: report ? reportedMessage(message, report) : plainMessage(message),
    outputs: {},
  };
}

interface NamedAction {
  readonly name: string;
  readonly action: object;
}

const IF_TEST = { runAfter: {}, type: 'If', expression: { and: [{ equals: [IS_TEST, true] }] } };

const plainMessage = ({ name, action }: NamedAction) => ({
  Is_it_a_test: {
    ...IF_TEST,
    // Must count as a success: Power Automate switches off flows whose runs keep failing.
    actions: { End_the_test: { runAfter: {}, type: 'Terminate', inputs: { runStatus: 'Succeeded' } } },
    else: { actions: {} },
  },
  [name]: { runAfter: { Is_it_a_test: ['Succeeded'] }, ...action },
});

/** The scope has one result for all of its actions. A test is reported too, so it must not end the run. */
const reportedMessage = ({ name, action }: NamedAction, report: NonNullable<Dialect['report']>) => ({
  Send_the_message: {
    runAfter: {},
    type: 'Scope',
    actions: {
      Is_it_a_test: { ...IF_TEST, actions: {}, else: { actions: { [name]: { runAfter: {}, ...action } } } },
    },
  },
  Report_success: { runAfter: { Send_the_message: ['Succeeded'] }, ...report('succeeded') },
  Report_failure: { runAfter: { Send_the_message: ['Failed', 'TimedOut'] }, ...report('failed', RUN_FAILED) },
  // Without it, the run history shows a run as succeeded whose failure was reported.
  End_as_failed: {
    runAfter: { Report_failure: ['Succeeded', 'Failed', 'TimedOut'] },
    type: 'Terminate',
    inputs: {
      runStatus: 'Failed',
      runError: { code: 'MessageNotSent', message: 'The message was not sent: see the failed step in the scope.' },
    },
  },
});
