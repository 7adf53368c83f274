import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { createConnector } from '../../cli/connector/connector';
import { newestDeliveries } from '../../cli/diagnosis/delivery-text';
import { type ExpectationStatus, readExpectation } from '../../cli/subscriptions/expectation-text';
import { Output } from '../../contract/outputs';
import { REJECTION_REASON_ATTRIBUTE } from '../../contract/shared';
import { cut } from '../../lambda/shared/core/text';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { refusalText } from '../bus/refusal';
import { LOCAL_CLIENT_CONFIG } from '../shared/client-config';
import type { DeadLetter, LocalStack } from '../stack';
import { type BusHistory, LIMITS } from './bus-history';
import { DeliveryCounts } from './delivery-counts';
import type { Designer } from './designer/designer';
import type { PagePorts } from './server';
import type { Rejected } from './snapshot';

/** Maximum deliveries in a snapshot. */
const NEWEST = 100;

/** Connects the page with a run: reads its state, and puts events on the bus like any producer. */
export function runPage(
  stack: LocalStack,
  history: BusHistory,
  designer?: Designer,
): { readonly ports: PagePorts; close(): void } {
  const { stackName, outputs, region, endpoints } = stack;
  const connector = createConnector(stackName, outputs, {
    region,
    credentials: LOCAL_CLIENT_CONFIG.credentials,
    endpoints,
  });
  const busName = connector.output(Output.EVENT_BUS_NAME);
  const ports: PagePorts = {
    async snapshot() {
      const counts = new DeliveryCounts();
      const deliveries = await newestDeliveries(counts.count(connector.deliveries.rows()), NEWEST);
      const subscriptions: Subscription[] = [];
      for await (const one of connector.subscriptions.list()) subscriptions.push(one);
      const expectations = new Map<string, ExpectationStatus>();
      for (const one of subscriptions) {
        const status = await readExpectation(one, connector);
        if (status) expectations.set(one.definition.name, status);
      }
      return {
        stackName,
        busName,
        now: Date.now(),
        eventCounts: history.eventCounts,
        events: history.events,
        rules: stack.rules.map((rule) => ({ ...rule, matched: history.ruleCount(rule.logicalId) })),
        metrics: history.metrics,
        subscriptions,
        deliveries: deliveries.rows,
        triggerOf: (eventId) => history.trigger(eventId),
        deliveryCounts: counts.byStatus,
        outcomeCounts: counts.byOutcome,
        heldCounts: counts.held,
        expectations,
        rejected: stack.deadLetters().map(rejectedOf),
        ...(designer && { flows: designer.list() }),
      };
    },
    async put({ detailType, detail }) {
      const Source = connector.output(Output.EVENT_SOURCE);
      const entry = { EventBusName: busName, Source, DetailType: detailType, Detail: detail };
      const { Entries } = await connector.clients.eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
      const { EventId: id, ErrorCode, ErrorMessage } = Entries?.[0] ?? {};
      return id ? { id } : { problem: `${ErrorCode}: ${ErrorMessage}` };
    },
  };
  return { ports, close: () => Object.values(connector.clients).forEach((client) => void client.destroy()) };
}

function rejectedOf({ messageAttributes, queueLogicalId, sentAt, body }: DeadLetter): Rejected {
  const reason =
    messageAttributes[REJECTION_REASON_ATTRIBUTE] ??
    refusalText(messageAttributes) ??
    `the handler failed each time (${queueLogicalId})`;
  return { at: sentAt, reason: cut(reason, 1000), body: cut(body, LIMITS.characters) };
}
