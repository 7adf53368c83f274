import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Env } from '../../../contract/environment';
import type { HandlerName } from '../../../contract/shared';
import { PowerAutomateConnectorStack } from '../../../lib';
import { EventBuses } from '../../../local/bus/event-bus';
import { fillInputTemplate } from '../../../local/bus/input-template';
import { ACCOUNT, REGION } from '../../../local/shared/environment';
import type { Plan } from '../../../local/template/model/plan';
import { planTemplate } from '../../../local/template/plan';
import { loadTemplate, type Template } from '../../../local/template/template';
import { everythingConnector } from '../app/everything';

/** The templates of the default app and of the app with every option. */
export interface Templates {
  readonly default: Template;
  readonly everything: Template;
  readonly plan: Plan;
  /** From the app with every option. */
  readonly connectorId: string;
  readonly stackId: string;
}

/** Synthesizes both apps. Requires the handlers' bundles. */
export function synthesize(): Templates {
  const outdir = mkdtempSync(join(tmpdir(), 'versions-'));
  try {
    const app = new App({ outdir });
    const stacks = [new PowerAutomateConnectorStack(app, 'PowerAutomateConnector'), Stack.of(everythingConnector(app))];
    app.synth();
    const [first, second] = stacks.map(({ templateFile }) => loadTemplate(join(outdir, templateFile)));
    if (!first || !second) throw new Error('a template is missing');
    const plan = planTemplate(second, (name) => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`);
    const connectorId = plan.functions.map(({ environment }) => environment[Env.CONNECTOR_ID]).find(Boolean) as string;
    const stackId = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${second.stackName}/1a2b3c`;
    return { default: first.template, everything: second.template, plan, connectorId, stackId };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Name of the handler that reads a queue. */
export function readerOf({ functions, eventSources }: Plan, queueArn: string): HandlerName {
  const source = eventSources.find((one) => one.queueArn === queueArn);
  const reader = functions.find(({ arn }) => arn === source?.functionArn);
  if (!reader) throw new Error(`no function reads ${queueArn}`);
  return reader.environment.POWERTOOLS_SERVICE_NAME as HandlerName;
}

/** A message from a rule or a schedule. */
export interface RoutedMessage {
  readonly to: HandlerName;
  readonly body: string;
}

/** An event for PutEvents. */
export interface PutEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: object;
  readonly resources?: readonly string[];
}

/** Puts an event on the plan's buses, and returns the messages that the rules send to queues. */
export async function route(
  plan: Plan,
  { source, 'detail-type': DetailType, detail, resources = [] }: PutEvent,
  at: number,
): Promise<RoutedMessage[]> {
  const messages: RoutedMessage[] = [];
  const queues = new Set(plan.queues.map(({ arn }) => arn));
  const buses = new EventBuses({
    account: ACCOUNT,
    region: REGION,
    busArns: Object.fromEntries(plan.buses.map(({ name, arn }) => [name, arn])),
    rules: plan.rules.flatMap((rule) => {
      if (!rule.enabled || !rule.pattern) return [];
      const targets = rule.targets.filter(({ arn }) => queues.has(arn));
      return [
        {
          ...rule,
          pattern: rule.pattern,
          targets: targets.map(({ arn, retries, inputTransformer }) => ({
            arn,
            retries,
            deliver: async (put) => {
              // EventBridge's id is random. A fixed id keeps recordings equal.
              const event = { ...put, id: '00000000-0000-4000-8000-000000000000' };
              const body =
                inputTransformer === undefined ? JSON.stringify(event) : fillInputTemplate(inputTransformer, event);
              messages.push({ to: readerOf(plan, arn), body });
            },
          })),
        },
      ];
    }),
  });
  const EventBusName = source.startsWith('aws.') ? 'default' : (plan.buses[0]?.name ?? 'default');
  const entry = { EventBusName, Source: source, DetailType, Detail: JSON.stringify(detail), Resources: resources };
  const { Entries, FailedEntryCount } = await buses.putEvents({ Entries: [{ ...entry, Time: at / 1000 }] });
  if (FailedEntryCount > 0) throw new Error(`PutEvents rejected ${DetailType}: ${JSON.stringify(Entries)}`);
  return messages.toSorted((a, b) => (a.body < b.body ? -1 : 1));
}

/** The messages that the plan's schedules send at a time. */
export const scheduled = (plan: Plan, at: number): RoutedMessage[] =>
  plan.schedules.map(({ arn, queueArn, input }) => {
    // EventBridge Scheduler user guide, "Adding context attributes". The scheduler sends whole seconds.
    const scheduledTime = new Date(at).toISOString().replace('.000Z', 'Z');
    const attributes: Readonly<Record<string, string>> = { 'schedule-arn': arn, 'scheduled-time': scheduledTime };
    const body = input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (word, name) => attributes[name] ?? word);
    return { to: readerOf(plan, queueArn), body };
  });
