import { command, connectorArgs, flowHostArg } from '../../frame/command';
import { applySubscriptions } from '../../subscriptions/apply';
import { managerOf } from '../../subscriptions/manager';
import { readUtf8, StableFile } from '../../subscriptions/stable-file';
import { checkSubscriptionFile } from '../../subscriptions/subscription-file';

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
    const file = new StableFile(args.file);
    const { terminal, environment } = context;
    const options = {
      file: args.file,
      environment,
      extraHosts: context.all('flow-host'),
      loopback: args.local !== undefined,
    };
    const checked = await checkSubscriptionFile(() => readUtf8(file.blocks(), args.file), options);
    for (const warning of checked.warnings) terminal.problem(`Warning: ${warning}`);
    const { registry, subscriptions } = await context.connector();
    return applySubscriptions(
      checked,
      {
        managedBy: managerOf(checked.set),
        dryRun: args['dry-run'] ?? false,
        prune: args.prune ? () => subscriptions.list() : undefined,
      },
      registry,
      terminal,
    );
  },
});
