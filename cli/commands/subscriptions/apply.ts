import { acceptsReports } from '../../custom-connector/connector-api';
import { connectorCommand, flowHostArg, prefixArg } from '../../frame/command';
import { applySubscriptions } from '../../subscriptions/apply';
import { checkPrefix, connectorUnder } from '../../subscriptions/find-subscription';
import { managerOf } from '../../subscriptions/manager';
import { readUtf8, StableFile } from '../../subscriptions/stable-file';
import { checkSubscriptionFile } from '../../subscriptions/subscription-file';

export const apply = connectorCommand({
  name: 'apply',
  description: 'create and update the subscriptions of a file',
  args: {
    file: {
      type: 'string',
      alias: 'f',
      valueHint: 'FILE',
      description: 'subscription file',
      default: 'subscriptions.yaml',
    },
    'dry-run': { type: 'boolean', description: 'print the changes without making them' },
    prune: { type: 'boolean', description: "remove subscriptions of the file's set that are no longer in the file" },
    ...prefixArg,
    ...flowHostArg,
  },
  notes: [
    'The set of the file ("set: NAME" at its top level) manages its subscriptions. Subscriptions of other managers are not changed.',
    'Without --prune, subscriptions that are no longer in the file are kept.',
    'If some changes fail, run apply again: it completes them.',
  ],
  examples: ['apply', 'apply -f flows.yaml --prune --dry-run'],
  async run(args, context) {
    const file = new StableFile(args.file);
    const { terminal, environment } = context;
    const options = {
      file: args.file,
      environment,
      extraHosts: context.all('flow-host'),
      loopback: args.local !== undefined,
      prefix: args.prefix === undefined ? undefined : checkPrefix(args.prefix),
    };
    // The file is validated before any call of AWS.
    const checked = await checkSubscriptionFile(() => readUtf8(file.blocks(), args.file), options);
    for (const warning of checked.warnings) terminal.problem(`Warning: ${warning}`);
    const connector = await connectorUnder(args.prefix, [], context);
    if (checked.withoutReports && !acceptsReports(connector)) throw checked.withoutReports;
    const { registry, subscriptions } = connector;
    const prune = args.prune ? () => subscriptions.list(args.prefix) : undefined;
    const managedBy = managerOf(checked.set);
    return applySubscriptions(checked, { managedBy, dryRun: args['dry-run'] ?? false, prune }, registry, terminal);
  },
});
