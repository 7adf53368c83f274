import { TRIGGER_IDS } from '../../../contract/events';
import { BODY_FORMATS } from '../../../lambda/subscriptions/core/subscription';
import { bodySchema } from '../../events/body-schemas';
import { type Arguments, command } from '../../frame/command';
import { checkTrigger } from '../../subscriptions/triggers';

/** Arguments of commands about the body of a trigger. */
export const bodyArgs = {
  trigger: { type: 'positional', valueHint: 'TRIGGER', required: true, description: TRIGGER_IDS.join(', ') },
  format: {
    type: 'enum',
    valueHint: 'FORMAT',
    options: [...BODY_FORMATS],
    description: 'format of the body',
    default: 'flat',
  },
} as const satisfies Arguments;

export const schema = command({
  name: 'schema',
  description: 'print the JSON Schema of the body for a trigger',
  args: bodyArgs,
  notes: ['For the field "Request Body JSON Schema" of the flow trigger "When an HTTP request is received".'],
  examples: ['schema segment-threshold-crossed', 'schema full-refresh-completed --format cloudevents'],
  run({ trigger, format }, { terminal }) {
    terminal.json(bodySchema(checkTrigger(trigger), format));
  },
});
