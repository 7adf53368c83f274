import { writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import { oneLine } from '../../../lambda/shared/core/text';
import { displayValue } from '../../../lambda/subscriptions/core/entry/messages';
import { ownersEntry } from '../../../lambda/subscriptions/core/entry/name-owners-links';
import { CONNECTOR_API } from '../../flows/connector-identity';
import {
  channelOfLink,
  defaultFlowName,
  FLOW_ACTIONS,
  type FlowAction,
  type FlowSpec,
  MAX_NAME_LENGTH,
} from '../../flows/flow-spec';
import { logicAppTemplate } from '../../flows/logic-app';
import { solutionZip } from '../../flows/solution';
import { type Context, connectorCommand } from '../../frame/command';
import { CommandError, UsageError } from '../../shell/exit';
import { checkTrigger } from '../../subscriptions/triggers';
import { byConnector, connectorNotes } from './connector-flow';

export const flow = connectorCommand({
  name: 'flow',
  description: 'generate a flow to import into Power Automate or Azure',
  args: {
    trigger: { type: 'positional', valueHint: 'TRIGGER', required: true, description: TRIGGER_IDS.join(', ') },
    // biome-ignore lint/suspicious/noThenProperty: an argument definition, never awaited.
    then: {
      type: 'enum',
      valueHint: 'WHAT',
      options: [...FLOW_ACTIONS],
      description: 'post a message in Teams or send an email',
    },
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'output file' },
    as: {
      type: 'enum',
      valueHint: 'KIND',
      options: ['solution', 'logic-app'],
      default: 'solution',
      description: 'Power Platform solution (zip) or ARM template with a Logic App (JSON)',
    },
    by: {
      type: 'enum',
      valueHint: 'KIND',
      options: ['http', 'connector'],
      default: 'http',
      description: 'what starts the flow: an HTTP request to its URL, or the trigger of the custom connector',
    },
    set: {
      type: 'string',
      multiple: true,
      valueHint: 'FIELD=VALUE',
      description: 'for --by connector: a field of the trigger, such as segment="VIP customers"',
    },
    'connector-id': {
      type: 'string',
      valueHint: 'ID',
      description: `for --by connector: id of the custom connector in your environment, such as ${CONNECTOR_API}-5f0123456789abcdef`,
    },
    name: { type: 'string', valueHint: 'TEXT', description: 'display name of the flow (default: from the trigger)' },
    channel: {
      type: 'string',
      valueHint: 'LINK',
      description: 'for teams: channel, from "Get link to channel" (default: select it after the import)',
    },
    to: {
      type: 'string',
      valueHint: 'ADDRESSES',
      description: 'for email: recipients for subscriptions without owners',
    },
  },
  notes: [
    'The flow has the trigger "When an HTTP request is received" with the JSON Schema of the body. It sends a message, except for test bodies.',
    'With --by connector it has the trigger of the custom connector, so it needs no URL: it registers itself. Its last step reports whether the message was sent, if the API has the action report-outcomes.',
    '--stack, --region and --local select the connector for --by connector. The other flows need no connector.',
    'The imported flow is switched off. To complete it, see docs/flow-author.md, or docs/custom-connector.md for --by connector.',
    'Importing a flow with the same trigger, action and name updates the existing one. For a second flow, use another --name.',
    'Not tested with a live tenant.',
  ],
  examples: [
    'flow data-source-refresh-failed --then teams -o tell-the-data-team.zip',
    'flow segment-threshold-crossed --then email --name "VIP over 10k" -o vip.zip',
    'flow full-refresh-completed --then email --as logic-app -o report.json',
    'flow data-source-refresh-failed --then teams --by connector -o refresh-failed.zip',
    'flow full-refresh-completed --then email --by connector --set status=Failed -o failed.zip',
  ],
  async run({ trigger, then, output, as, by, name, channel, to, 'connector-id': api }, context) {
    if (!then) throw new UsageError(`missing --then: use --then ${FLOW_ACTIONS.join(' or --then ')}`);
    if (!output) throw new UsageError('missing -o: use -o FILE');
    const spec = flowSpec(checkTrigger(trigger), then, { name, channel, to });
    const set = context.all('set');
    if (by === 'connector') {
      if (as !== 'solution') throw new UsageError('--by connector needs --as solution');
      const connectorFlow = await byConnector(spec, { api, set }, context);
      writeFlow(output, connectorFlow, solutionZip(connectorFlow), context);
      for (const line of connectorNotes(connectorFlow, api !== undefined)) context.terminal.line(line);
      return;
    }
    if (set.length > 0 || api !== undefined) {
      throw new UsageError(`${api === undefined ? '--set' : '--connector-id'} needs --by connector`);
    }
    const isLogicApp = as === 'logic-app';
    const content = isLogicApp ? `${JSON.stringify(logicAppTemplate(spec), undefined, 2)}\n` : solutionZip(spec);
    writeFlow(output, spec, content, context);
    context.terminal.line(NEXT[isLogicApp ? 'logic-app' : then]);
  },
});

function writeFlow(file: string, { name }: FlowSpec, content: string | Uint8Array, { terminal }: Context): void {
  write(file, content);
  terminal.line(`wrote ${file}: ${name}`);
}

const NEXT = {
  teams:
    'Next: import it (make.powerautomate.com, Solutions, Import solution), check the channel, switch the flow on, copy its URL.',
  email: 'Next: import it (make.powerautomate.com, Solutions, Import solution), switch the flow on, copy its URL.',
  'logic-app':
    'Next: deploy it (az deployment group create -f FILE), sign in to its API connection, copy the workflow URL.',
} as const;

interface SpecOptions {
  readonly name?: string;
  readonly channel?: string;
  readonly to?: string;
}

function flowSpec(trigger: TriggerId, action: FlowAction, { name, channel: link, to }: SpecOptions): FlowSpec {
  if (link !== undefined && action !== 'teams') throw new UsageError('--channel needs --then teams');
  if (to !== undefined && action !== 'email') throw new UsageError('--to needs --then email');
  const channel = link === undefined ? undefined : channelOfLink(link);
  if (link !== undefined && !channel) {
    throw new UsageError(
      '--channel is not a link to a channel: in Teams, open … next to the channel, Get link to channel',
    );
  }
  const owners = v.safeParse(ownersEntry, to);
  if (!owners.success) throw new UsageError(`--to ${owners.issues[0].message}`);
  return { trigger, action, name: flowName(name, defaultFlowName(trigger, action)), channel, to: owners.output };
}

function flowName(name: string | undefined, standard: string): string {
  if (name === undefined) return standard;
  const line = oneLine(name);
  if (line !== '' && line.length <= MAX_NAME_LENGTH) return line;
  throw new UsageError(`--name is ${line === '' ? 'empty' : 'too long'}; use 1 to ${MAX_NAME_LENGTH} characters`);
}

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`cannot write ${displayValue(file)} (${code}): use -o FILE in an existing directory`);
  }
}
