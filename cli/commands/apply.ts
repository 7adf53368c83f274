import { applySubscriptions } from '../apply';
import { command, connectorArgs, flowHostArg } from '../command';
import { managerOf } from '../manager';
import { readSubscriptionFile } from '../subscription-file';
import { readTextFile } from '../text-file';

export const apply = command({
  name: 'apply',
  description: 'make the subscriptions be as a file says',
  args: {
    file: {
      type: 'string',
      alias: 'f',
      valueHint: 'FILE',
      description: 'the subscription file',
      default: 'subscriptions.yaml',
    },
    'dry-run': { type: 'boolean', description: 'say what would change, change nothing' },
    prune: { type: 'boolean', description: "remove subscriptions of the file's set that are not in it any more" },
    ...flowHostArg,
    ...connectorArgs,
  },
  notes: [
    'The file\'s set ("set: NAME" at its top) manages its subscriptions: another manager\'s are left alone.',
    'Without --prune, a subscription that is no longer in the file stays until it is removed.',
    'A run that fails half-way says what was not done; run again, it does what is left.',
  ],
  examples: ['apply', 'apply -f flows.yaml --prune --dry-run'],
  async run(args, context) {
    // The file first: what is wrong in it is said without asking AWS.
    const text = readTextFile(args.file, '-f');
    const { terminal, environment } = context;
    const options = {
      file: args.file,
      environment,
      extraHosts: context.all('flow-host'),
      loopback: args.local !== undefined,
    };
    const { set, entries, warnings } = readSubscriptionFile(text, options);
    for (const warning of warnings) terminal.problem(`Warning: ${warning}`);
    const { registry, subscriptions } = await context.connector();
    return applySubscriptions(
      entries,
      {
        managedBy: managerOf(set),
        dryRun: args['dry-run'] ?? false,
        prune: args.prune ? () => subscriptions.list() : undefined,
      },
      registry,
      terminal,
    );
  },
});
