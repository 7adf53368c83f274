import { writeFileSync } from 'node:fs';
import * as v from 'valibot';
import type { TriggerId } from '../../../contract/events';
import { TRIGGER_IDS } from '../../../contract/events';
import { oneLine } from '../../../lambda/shared/core/text';
import { shown } from '../../../lambda/subscriptions/core/entry/messages';
import { ownersEntry } from '../../../lambda/subscriptions/core/entry/name-owners-links';
import { logicAppTemplate } from '../../flows/logic-app';
import { solutionZip } from '../../flows/solution';
import { channelOfLink, defaultName, type FlowWish, MAX_NAME_LENGTH, THENS, type Then } from '../../flows/wish';
import { command } from '../../frame/command';
import { CommandError, UsageError } from '../../shell/exit';
import { checkedTrigger } from '../../subscriptions/triggers';

export const flow = command({
  name: 'flow',
  description: 'write a ready-made flow, for import into Power Automate or Azure',
  args: {
    trigger: { type: 'positional', valueHint: 'TRIGGER', required: true, description: TRIGGER_IDS.join(', ') },
    // biome-ignore lint/suspicious/noThenProperty: a description, and never awaited.
    then: {
      type: 'enum',
      valueHint: 'WHAT',
      options: [...THENS],
      description: 'what it does: post a message, or mail',
    },
    output: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'where it is written' },
    as: {
      type: 'enum',
      valueHint: 'KIND',
      options: ['solution', 'logic-app'],
      default: 'solution',
      description: 'a solution of Power Platform (zip), or an ARM template with a Logic App (JSON)',
    },
    name: { type: 'string', valueHint: 'TEXT', description: "the flow's name (default: after the trigger)" },
    channel: {
      type: 'string',
      valueHint: 'LINK',
      description: 'with teams: the channel, as "Get link to channel" gives it (default: picked after the import)',
    },
    to: {
      type: 'string',
      valueHint: 'ADDRESSES',
      description: 'with email: who gets it where a subscription has no owners',
    },
  },
  notes: [
    'The flow has the trigger "When an HTTP request is received" with the right schema, ends on a test, and tells people.',
    'It is switched off until whoever imports it has looked at it: docs/flow-author.md says how.',
    'The same name again is the same flow: importing it updates that one. Two flows need two names.',
    'Not tried against a live tenant.',
  ],
  examples: [
    'flow data-source-refresh-failed --then teams -o tell-the-data-team.zip',
    'flow segment-threshold-crossed --then email --name "VIP over 10k" -o vip.zip',
    'flow full-refresh-completed --then email --as logic-app -o report.json',
  ],
  run({ trigger, then, output, as, name, channel, to }, { terminal }) {
    if (!then) throw new UsageError(`--then is missing: write --then ${THENS.join(' or --then ')}`);
    if (!output) throw new UsageError('-o is missing: write -o FILE');
    const wish = wishOf(checkedTrigger(trigger), then, { name, channel, to });
    write(output, as === 'logic-app' ? `${JSON.stringify(logicAppTemplate(wish), undefined, 2)}\n` : solutionZip(wish));
    terminal.line(`wrote ${output}: ${wish.name}`);
    terminal.line(NEXT[as === 'logic-app' ? 'logic-app' : then]);
    return true;
  },
});

const NEXT = {
  teams:
    'Import it (make.powerautomate.com, Solutions, Import solution), check the channel, switch the flow on, copy its URL.',
  email: 'Import it (make.powerautomate.com, Solutions, Import solution), switch the flow on, copy its URL.',
  'logic-app': 'Deploy it (az deployment group create -f FILE), sign in to its API connection, copy the workflow URL.',
} as const;

interface Given {
  readonly name?: string;
  readonly channel?: string;
  readonly to?: string;
}

function wishOf(trigger: TriggerId, then: Then, { name, channel, to }: Given): FlowWish {
  if (channel !== undefined && then !== 'teams') throw new UsageError('--channel goes with --then teams');
  if (to !== undefined && then !== 'email') throw new UsageError('--to goes with --then email');
  const parsed = channel === undefined ? undefined : channelOfLink(channel);
  if (channel !== undefined && !parsed) {
    throw new UsageError('--channel is no link to a channel: in Teams, open … beside the channel, Get link to channel');
  }
  const owners = v.safeParse(ownersEntry, to);
  if (!owners.success) throw new UsageError(`--to ${owners.issues[0].message}`);
  return { trigger, by: then, name: checkedName(name, defaultName(trigger, then)), channel: parsed, to: owners.output };
}

function checkedName(name: string | undefined, usual: string): string {
  if (name === undefined) return usual;
  const line = oneLine(name);
  if (line !== '' && line.length <= MAX_NAME_LENGTH) return line;
  throw new UsageError(`--name is ${line === '' ? 'empty' : 'too long'}; write 1 to ${MAX_NAME_LENGTH} characters`);
}

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${shown(file)} cannot be written (${code}): write -o FILE in a folder that is there`);
  }
}
