import { filterText } from '../../../lambda/subscriptions/core/condition-text';
import { connectorApi } from '../../custom-connector/connector-api';
import { listRegisteredFlows, pendingText, registeredFlowJson } from '../../custom-connector/registered-flows';
import { connectorCommand, jsonArg } from '../../frame/command';
import { relativeTime } from '../../shell/time';
import { flowText, stateText } from '../../subscriptions/subscription-text';

export const flows = connectorCommand({
  name: 'connector flows',
  description: 'list the flows that registered themselves, and who registered them',
  args: jsonArg,
  notes: [
    'The caller is key:NAME for a key, and entra:OBJECT-ID for a user or application of Microsoft Entra ID.',
    'A flow registers itself when it is saved or switched on, and unregisters when it is switched off or deleted. After that, its deliveries are held until its subscription is removed: an edit of the flow unregisters it only for a moment.',
  ],
  examples: ['connector flows', 'connector flows --json'],
  async run({ json }, { terminal, clock, ...context }) {
    const connector = await context.connector();
    const all = await listRegisteredFlows(connector);
    // Flows stay registered when the API is removed from the stack.
    if (all.length === 0) connectorApi(connector);
    if (json) {
      terminal.json(all.map(registeredFlowJson));
      return;
    }
    if (all.length === 0) {
      terminal.line('No flow has registered itself yet.');
      return;
    }
    const now = clock();
    terminal.table({
      head: ['name', 'state', 'trigger', 'filter', 'registered by', 'registered', 'flow', 'pending'],
      rows: all.map((one) => {
        const { definition, flow, registration } = one.subscription;
        return [
          definition.name,
          stateText(one.subscription, now, terminal.style),
          definition.trigger,
          filterText(definition),
          registration.by,
          relativeTime(registration.at, now),
          flowText(flow),
          pendingText(one, now),
        ];
      }),
    });
  },
});
